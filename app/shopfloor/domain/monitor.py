"""Checks and alerts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from shopfloor.domain.record import Record


class AlertState(StrEnum):
    """An alert's life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class CheckVerdict(StrEnum):
    """The answer of one check. `unknown` means the sample cannot tell, and is never shown as ok.

    `unchecked` is said of a column that no check looks at, and never stored.
    """

    OK = "ok"
    SHIFTED = "shifted"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


class CheckResult(Record, frozen=True, kw_only=True):
    """One check of one model at one time, with its evidence.

    `check` is its name, such as `feature_drift` (`monitoring/checks`); `value` the
    effect size and `limit` the size that matters here; `p_value` after correction for the number
    of checks. `evidence` holds bins, counts and chunk values for the screen, and as `false_alarms` the share of
    deliveries without any change that this check alone calls changed at most, where it is a test.
    """

    model: str
    model_version: int | None = None
    check: str
    feature: str | None = None
    verdict: CheckVerdict
    value: float | None = None
    limit: float | None = None
    p_value: float | None = None
    rows: int = 0
    importance: float | None = None
    message: str = ""
    evidence: dict[str, Any] = {}
    at: datetime

    @property
    def source(self) -> str:
        """Where the rows came from: `data` for a delivery, `inference` for stored predictions."""
        return str(self.evidence.get("source", "data"))


class FleetLook(Record, frozen=True, kw_only=True):
    """One look at a model as a test of the whole fleet: its p-value, and the level that it must not exceed.

    `found` means that it does not; `shifted` are the features or checks that had shifted, most important first.
    """

    model: str
    at: datetime
    p_value: float
    level: float
    found: bool
    shifted: tuple[str, ...] = ()


class AlertLook(Record, frozen=True, kw_only=True):
    """What was found when an open alert was seen again."""

    at: datetime
    severity: Severity
    message: str
    value: float | None = None
    limit: float | None = None


class AlertRecord(Record, frozen=True, kw_only=True):
    """A grouped alert: one cause, one alert. `count` is how often it was seen.

    Words, figures and evidence are those of the moment when it opened; `looks` are the newest later ones, oldest first.
    """

    id: str
    subject: str
    check: str
    feature: str | None = None
    severity: Severity = Severity.WARNING
    state: AlertState = AlertState.OPEN
    count: int = 1
    value: float | None = None
    limit: float | None = None
    message: str = ""
    cause: str = ""
    evidence: dict[str, Any] = {}
    opened_at: datetime
    updated_at: datetime
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    note: str = ""
    actions: tuple[str, ...] = ()
    looks: tuple[AlertLook, ...] = ()


class AlertChange(Record, frozen=True, kw_only=True):
    """One change of an alert: event `seq` tells of it, `changes` are its fields before and after."""

    seq: int
    at: datetime
    actor: str
    changes: dict[str, tuple[Any, Any]]
