"""Waiting for an answer, and saying so when it takes longer than an eye expects."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from shopfloor.domain.requests.request import Request
from shopfloor.tui.app_type import App

R = TypeVar("R")
_SOON = 0.4  # seconds after which a key that did nothing visible seems dead


async def ask_patiently(app: App, label: str, request: Request[R], *, timeout: float) -> R:
    """The engine's answer; a toast says that `label` is at work as soon as one has to wait for it."""
    answer = asyncio.ensure_future(app.courier.ask(request, timeout=timeout))
    try:
        done, _ = await asyncio.wait({answer}, timeout=_SOON)
        if done:
            return answer.result()
        app.say(f"{label}: working…")
        found = await answer
    except asyncio.CancelledError:
        answer.cancel()
        raise
    app.clear_notifications()
    return found
