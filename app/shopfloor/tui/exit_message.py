"""The line that stays in the shell after the screen has closed."""

from __future__ import annotations

from shopfloor.domain.status import Status
from shopfloor.domain.text import safe

_NAMED = 3


def exit_message(status: Status | None) -> str:
    """The jobs that keep running in the background; empty without any."""
    if status is None or not status.jobs.running + status.jobs.queued:
        return ""
    busy = status.jobs.running + status.jobs.queued
    named = ", ".join(safe(one, 60) for one in status.running[:_NAMED])
    jobs = "job keeps" if busy == 1 else "jobs keep"
    message = f"{busy} {jobs} running (engine pid {status.engine.pid})"
    return f"{message}{': ' + named if named else ''}. See: shopfloor status"
