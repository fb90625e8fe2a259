"""Look at one model version, in a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shopfloor.domain.handles import PartFile
from shopfloor.engine.batch import LookOutcome, LookTask
from shopfloor.monitoring.stored import truths_of_predictions
from shopfloor.monitoring.watch import watch
from shopfloor.serving.actuals import write_actuals

SPEC = LookTask


def run(task: LookTask, progress: Callable[[float, str], None]) -> LookOutcome:
    """The whole of a monitoring job."""
    seen = watch(task.look, progress)
    return LookOutcome(seen=seen, truth=_kept(task))


def _kept(task: LookTask) -> PartFile | None:
    """The truths in the delivery that belong to stored predictions, so that every later look knows them, too."""
    if task.arrived_at is None:
        return None
    truths = truths_of_predictions(task.look)
    if not truths:
        return None
    staging = Path(task.staging)
    staging.mkdir(mode=0o700, exist_ok=True)
    return write_actuals(truths, task.look.task, staging, task.arrived_at)
