"""Waiting for an answer, with a message when it takes noticeably long."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from textual.worker import get_current_worker

from shopfloor.domain.requests.request import Request
from shopfloor.tui.app_type import App

R = TypeVar("R")
_SOON = 0.4  # seconds after which a key without a visible effect seems dead


async def ask_with_progress(app: App, label: str, request: Request[R], *, timeout: float) -> R:
    """The engine's answer, for a worker; when it takes longer than `_SOON`, a toast says that `label` is working,
    and keys wait for it no longer.
    """
    answer = asyncio.ensure_future(app.client.ask(request, timeout=timeout))
    try:
        done, _ = await asyncio.wait({answer}, timeout=_SOON)
        if done:
            return answer.result()
        app.show_message(f"{label}: working…")
        app.keys.forget(get_current_worker())  # who reads that goes on meanwhile
        found = await answer
    except asyncio.CancelledError:
        answer.cancel()
        raise
    app.clear_notifications()
    return found
