"""Take ground truth in, in a worker."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.wire import describe
from shopfloor.serving.actuals import read_actuals
from shopfloor.serving.batch import ActualsOutcome, ActualsTask
from shopfloor.serving.records import ActualsSpec

SPEC = ActualsTask


def run(task: ActualsTask, progress: Callable[[float, str], None]) -> list[ActualsOutcome]:
    """One outcome a file; a bad file does not stop the next."""
    return [_one(id, spec) for id, spec in task.files]


def _one(id: str, spec: ActualsSpec) -> ActualsOutcome:
    try:
        return ActualsOutcome(file=id, result=read_actuals(spec, lambda share, stage: None))
    except ShopfloorError as error:
        return ActualsOutcome(file=id, error=describe(error))
