"""Look at one model version, in a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.handles import PartFile
from shopfloor.monitoring.run_checks import run_checks
from shopfloor.monitoring.stored import truths_of_predictions
from shopfloor.serving.actuals import write_actuals
from shopfloor.serving.batch import LookOutcome, LookTask

if TYPE_CHECKING:
    import pandas as pd

SPEC = LookTask


def run(task: LookTask, progress: Callable[[float, str], None]) -> LookOutcome:
    """The whole of a monitoring job."""
    kept: PartFile | None = None

    def keep(delivered: pd.DataFrame) -> None:
        nonlocal kept
        kept = _kept(task, delivered)

    seen = run_checks(task.look, progress, keep)
    return LookOutcome(seen=seen, truth=kept)


def _kept(task: LookTask, delivered: pd.DataFrame) -> PartFile | None:
    """The truths in the delivery that belong to stored predictions, so that every later look knows them, too."""
    truths = truths_of_predictions(delivered, task.look.inference, task.look.task)
    if task.arrived_at is None or not truths:
        return None
    staging = Path(task.staging)
    staging.mkdir(mode=0o700, exist_ok=True)
    return write_actuals(truths, task.look.task, staging, task.arrived_at)
