"""What monitoring asks of worker processes; light, so that the engine can name it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.handles import PartFile
from shopfloor.domain.monitor import ValueReport
from shopfloor.domain.record import Record
from shopfloor.domain.requests.alerts import BacktestReport
from shopfloor.monitoring.records import BacktestSpec, ValueSpec, WatchResult, WatchSpec
from shopfloor.runtime.task import Progress

if TYPE_CHECKING:
    import pandas as pd


class LookTask(Record, frozen=True, kw_only=True):
    """One look at a model; truth that the delivery brings along is kept as a part in `staging`.

    `arrived_at` is when that delivery came; None when there is none.
    """

    look: WatchSpec
    staging: str
    arrived_at: datetime | None = None


class LookOutcome(Record, frozen=True, kw_only=True):
    """What was seen, and the truths of known predictions that the delivery brought along."""

    seen: WatchResult
    truth: PartFile | None = None


def look(task: LookTask, progress: Progress) -> LookOutcome:
    """One look at one model version."""
    from shopfloor.monitoring.watch import watch

    kept: PartFile | None = None

    def keep(delivered: pd.DataFrame) -> None:
        nonlocal kept
        kept = _kept(task, delivered)

    seen = watch(task.look, progress, keep)
    return LookOutcome(seen=seen, truth=kept)


def replay(spec: BacktestSpec, progress: Progress) -> BacktestReport:
    """How often the drift rule would have fired over past deliveries."""
    from shopfloor.monitoring.backtest import backtest

    return backtest(spec, progress)


def report_value(spec: ValueSpec, progress: Progress) -> ValueReport:
    """Realised value against the baseline and the plan."""
    from shopfloor.monitoring.value import realised_value

    return realised_value(spec)


def warm_up() -> None:
    """Load what a look needs."""
    import shopfloor.monitoring.watch  # noqa: F401


def _kept(task: LookTask, delivered: pd.DataFrame) -> PartFile | None:
    """The truths in the delivery that belong to stored predictions, so that every later look knows them, too."""
    from shopfloor.lake.actuals import write_actuals
    from shopfloor.monitoring.stored import truths_of_predictions

    truths = truths_of_predictions(delivered, task.look.inference, task.look.task)
    if task.arrived_at is None or not truths:
        return None
    staging = Path(task.staging)
    staging.mkdir(mode=0o700, exist_ok=True)
    return write_actuals(truths, task.look.task, staging, task.arrived_at)
