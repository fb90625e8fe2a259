"""Questions about alerts and monitoring."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from shopfloor.domain.job import JobRecord
from shopfloor.domain.monitor import AlertChange, AlertRecord, CheckResult, FleetLook
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation, Request


class AlertList(Request[Page[AlertRecord]], frozen=True, kw_only=True):
    """Alerts, unresolved ones first, then newest. `subject` is a model.

    `urgent_first` puts open ones before those that somebody saw to, and critical ones before warnings.
    """

    verb: ClassVar[str] = "alert.list"
    subject: str = ""
    state: str = ""
    query: str = ""
    limit: int = 1000
    offset: int = 0
    urgent_first: bool = False


class AlertShow(Request[AlertRecord], frozen=True, kw_only=True):
    """One alert with its evidence."""

    verb: ClassVar[str] = "alert.show"
    id: str


class AlertHistory(Request[Page[AlertChange]], frozen=True, kw_only=True):
    """What became of an alert since it was opened and who did it, oldest first; evidence left out."""

    verb: ClassVar[str] = "alert.history"
    id: str


class AlertAck(Mutation[AlertRecord], frozen=True, kw_only=True):
    """Mark the alert as being handled."""

    verb: ClassVar[str] = "alert.ack"
    id: str
    note: str = ""


class AlertSnooze(Mutation[AlertRecord], frozen=True, kw_only=True):
    """Be quiet about it until a time."""

    verb: ClassVar[str] = "alert.snooze"
    id: str
    until: datetime
    note: str = ""


class AlertResolve(Mutation[AlertRecord], frozen=True, kw_only=True):
    """Mark the alert as resolved."""

    verb: ClassVar[str] = "alert.resolve"
    id: str
    note: str = ""


class CheckList(Request[Page[CheckResult]], frozen=True, kw_only=True):
    """The newest result of every check of a model, or with `history` all of them, newest first."""

    verb: ClassVar[str] = "monitor.checks"
    model: str
    history: bool = False
    limit: int = 1000
    offset: int = 0


class FleetList(Request[Page[FleetLook]], frozen=True, kw_only=True):
    """The newest look at each model, the clearest shift first."""

    verb: ClassVar[str] = "monitor.fleet"
    limit: int = 1000
    offset: int = 0


class MonitorRun(Mutation[JobRecord], frozen=True, kw_only=True):
    """Check a model now."""

    verb: ClassVar[str] = "monitor.run"
    irreversible: ClassVar[str] = "What was measured stays measured."
    model: str


class BacktestDelivery(Record, frozen=True, kw_only=True):
    """The result of the check for one past delivery.

    `performance` is what the champion of its day scored on its labelled rows, as it was stored; `fell` whether that
    was a fall. None: it was not measured, or could not tell.
    """

    dataset_version: int
    rows: int
    shifted: tuple[str, ...] = ()
    fired: bool = False
    performance: float | None = None
    fell: bool | None = None


class BacktestReport(Record, frozen=True, kw_only=True):
    """How often a rule would have fired, and how often performance fell with it.

    `rule` are the settings of `[monitoring]` that were replayed, `fired` how many deliveries opened an alert or were
    counted to one; of those whose performance is known in this delivery or the next (`measured`) it `fell` in some.
    `missed` are falls where it fired neither then nor before. `other` is the replay of another rule over the same rows.
    """

    model: str
    model_version: int
    deliveries: tuple[BacktestDelivery, ...]
    alerts: int
    rule: dict[str, Any] = {}
    fired: int = 0
    measured: int = 0
    fell: int = 0
    missed: int = 0
    other: BacktestReport | None = None


class MonitorBacktest(Request[BacktestReport], frozen=True, kw_only=True):
    """Replay today's rule over all past deliveries; beside it another one, with settings such as `min_effect=0.2`."""

    verb: ClassVar[str] = "monitor.backtest"
    model: str
    settings: tuple[str, ...] = ()
