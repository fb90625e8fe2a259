"""What a team's own command is told, and what it could not be told yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shopfloor.domain.event import Event
from shopfloor.domain.monitor import AlertRecord, Severity
from shopfloor.domain.record import Record

FOR_PEOPLE = (
    "alert.opened", "alert.reopened", "alert.severity_changed", "contract.invalid", "engine.degraded",
    "engine.recovered", "file.held_again", "file.quarantined", "job.failed", "job.lost", "model.invalid",
    "predictions.damaged", "release.await_approval", "release.lowering_requested", "release.requested", "retrain.ask",
)  # fmt: skip
"""Kinds of events after which somebody has something to do, or to know."""

_SEVERITIES = {
    "engine.degraded": Severity.CRITICAL,
    "predictions.damaged": Severity.CRITICAL,
    "contract.invalid": Severity.WARNING,
    "file.held_again": Severity.WARNING,
    "file.quarantined": Severity.WARNING,
    "file.refused": Severity.WARNING,
    "file.stalled": Severity.WARNING,
    "job.failed": Severity.WARNING,
    "job.lost": Severity.WARNING,
    "model.invalid": Severity.WARNING,
    "monitor.failed": Severity.WARNING,
    "run.failed": Severity.WARNING,
}


def severity_of(event: Event) -> Severity:
    """How much an event matters: an alert's as it says, others by their kind."""
    said = event.data.get("severity")
    return Severity(said) if said in list(Severity) else _SEVERITIES.get(event.kind, Severity.INFO)


class NoticedEvent(Record, frozen=True, kw_only=True):
    """One event; `alert` is the alert that it is about as it is now. `seq` 0: it could not be stored."""

    seq: int
    at: datetime
    kind: str
    subject: str
    actor: str
    severity: Severity
    message: str
    data: dict[str, Any]
    alert: AlertRecord | None = None


class Notice(Record, frozen=True, kw_only=True):
    """One message to a command: `count` events, of which the oldest are here and `left_out` are not.

    It is sent at least once: the same `seq` (of the newest event) says that it is the same again. `text` is one
    line for people, `severity` the worst of all.
    """

    workspace: str
    rule: str
    seq: int
    count: int
    severity: Severity
    text: str
    events: tuple[NoticedEvent, ...]
    left_out: int = 0


class Undelivered(Record, frozen=True, kw_only=True):
    """What a rule's command has not taken: `events` since the event `first_seq`, why, and when it is tried again."""

    rule: str
    events: int
    first_seq: int
    attempts: int
    error: str
    since: datetime


def summary(events: Sequence[Event]) -> str:
    """Events in one line."""
    if len(events) == 1:
        return events[0].message
    kinds = Counter(event.kind for event in events)
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"{len(events)} events ({counted}). The newest: {events[-1].message}"
