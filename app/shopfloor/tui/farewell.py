"""The line that stays in the shell after the screen has closed."""

from __future__ import annotations

from shopfloor.domain.status import Status
from shopfloor.domain.text import safe

_NAMED = 3


def farewell(status: Status | None) -> str:
    """What goes on in the background now that nobody looks; empty when nothing does."""
    if status is None or not status.jobs.running + status.jobs.queued:
        return ""
    busy = status.jobs.running + status.jobs.queued
    named = ", ".join(safe(one, 60) for one in status.running[:_NAMED])
    jobs = "job keeps" if busy == 1 else "jobs keep"
    said = f"{busy} {jobs} running (engine pid {status.engine.pid})"
    return f"{said}{': ' + named if named else ''}. See: shopfloor status"
