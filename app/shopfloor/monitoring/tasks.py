"""What monitoring asks of worker processes; light, so that the engine can name it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.handles import ArtifactFile, LossPart, PartFile
from shopfloor.domain.record import Record
from shopfloor.domain.requests.alerts import BacktestReport
from shopfloor.domain.value import ThresholdReport, ValueReport
from shopfloor.monitoring.records import BacktestSpec, CheckReport, CheckSpec, ValueSpec
from shopfloor.runtime.task import Progress

if TYPE_CHECKING:
    import pandas as pd

    from shopfloor.monitoring.check_context import KnownOutcomes


class CheckTask(Record, frozen=True, kw_only=True):
    """One run of a model's checks; truth that the delivery brings along is kept as a part in `staging`.

    `arrived_at` is when that delivery arrived, `dataset_version` the version that it made; None when there is none.
    `challenger` is another version that has learned none of its rows, either.
    """

    checks: CheckSpec
    staging: str
    arrived_at: datetime | None = None
    dataset_version: int | None = None
    challenger: ArtifactFile | None = None


class CheckOutcome(Record, frozen=True, kw_only=True):
    """The results of the checks, and the ground truth of known predictions that the delivery contained, and losses
    of its rows.
    """

    report: CheckReport
    truth: PartFile | None = None
    losses: tuple[LossPart, ...] = ()


def check(task: CheckTask, progress: Progress) -> CheckOutcome:
    """The checks of one model version."""
    from shopfloor.monitoring.losses import delivered_losses
    from shopfloor.monitoring.run_checks import run_checks

    kept: PartFile | None = None
    losses: tuple[LossPart, ...] = ()

    def keep(delivered: pd.DataFrame) -> None:
        nonlocal kept
        kept = _kept(task, delivered)

    def keep_losses(labelled: KnownOutcomes) -> None:
        nonlocal losses
        losses = delivered_losses(task, labelled)

    report = run_checks(task.checks, progress, keep, keep_losses)
    return CheckOutcome(report=report, truth=kept, losses=losses)


def replay(spec: BacktestSpec, progress: Progress) -> BacktestReport:
    """How often the rule would have fired over past deliveries."""
    from shopfloor.monitoring.backtest import backtest

    return backtest(spec, progress)


def report_value(spec: ValueSpec, progress: Progress) -> ValueReport:
    """Realised value against the baseline and the plan."""
    from shopfloor.monitoring.value import realised_value

    return realised_value(spec)


def report_thresholds(spec: ValueSpec, progress: Progress) -> ThresholdReport:
    """Value over thresholds, and which one is proposed."""
    from shopfloor.monitoring.value_curve import thresholds

    return thresholds(spec)


def warm_up() -> None:
    """Load what the checks need."""
    import shopfloor.monitoring.run_checks  # noqa: F401


def _kept(task: CheckTask, delivered: pd.DataFrame) -> PartFile | None:
    """The truths in the delivery that belong to stored predictions, so that every later run knows them, too."""
    from shopfloor.lake.actuals import write_actuals
    from shopfloor.monitoring.stored import truths_of_predictions

    truths, amounts = truths_of_predictions(delivered, task.checks.inference, task.checks.task)
    if task.arrived_at is None or not truths:
        return None
    staging = Path(task.staging)
    staging.mkdir(mode=0o700, exist_ok=True)
    return write_actuals(truths, task.checks.task, staging, task.arrived_at, amounts)
