"""Waiting for an answer, with a message when it takes noticeably long."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from shopfloor.domain.requests.request import Request
from shopfloor.tui.app_type import App

R = TypeVar("R")
_SOON = 0.4  # seconds after which a key without a visible effect seems dead


async def ask_with_progress(app: App, label: str, request: Request[R], *, timeout: float) -> R:
    """The engine's answer; a toast says that `label` is working when the answer takes longer than `_SOON`."""
    answer = asyncio.ensure_future(app.client.ask(request, timeout=timeout))
    try:
        done, _ = await asyncio.wait({answer}, timeout=_SOON)
        if done:
            return answer.result()
        app.show_message(f"{label}: working…")
        found = await answer
    except asyncio.CancelledError:
        answer.cancel()
        raise
    app.clear_notifications()
    return found
