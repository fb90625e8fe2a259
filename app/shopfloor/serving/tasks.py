"""What serving asks of worker processes; light, so that the engine can name it."""

from __future__ import annotations

from functools import partial

from shopfloor.domain.errors import DataError, ShopfloorError, UsageError
from shopfloor.domain.service import RequestFault
from shopfloor.domain.wire import describe
from shopfloor.runtime.task import Progress
from shopfloor.serving.records import (
    ActualsOutcome,
    ActualsSpec,
    ActualsTask,
    CollectOutcome,
    CollectTask,
    ScoreOutcome,
    ScoreSpec,
    ScoreTask,
)


def score_files(task: ScoreTask, progress: Progress) -> list[ScoreOutcome]:
    """One outcome a file; a bad file does not stop the next."""
    count = len(task.files)
    return [_score(id, spec, partial(_within, progress, number, count)) for number, (id, spec) in enumerate(task.files)]


def take_actuals(task: ActualsTask, progress: Progress) -> list[ActualsOutcome]:
    """One outcome a file; a bad file does not stop the next."""
    count = len(task.files)
    return [
        _actuals(id, spec, partial(_within, progress, number, count)) for number, (id, spec) in enumerate(task.files)
    ]


def collect_log(task: CollectTask, progress: Progress) -> CollectOutcome:
    """The serving process's log segments as Parquet parts."""
    from shopfloor.serving.collect import collect

    return collect(task, progress)


def warm_up() -> None:
    """Load what scoring needs."""
    import shopfloor.serving.score  # noqa: F401


def _within(progress: Progress, number: int, count: int, share: float, stage: str) -> None:
    """Progress inside file `number` of `count` as progress of the whole."""
    progress((number + share) / count, stage)


def _score(id: str, spec: ScoreSpec, progress: Progress) -> ScoreOutcome:
    from shopfloor.serving.score import score

    try:
        return ScoreOutcome(file=id, result=score(spec, progress))
    except ShopfloorError as error:
        refused = isinstance(error, DataError | UsageError)
        fault = RequestFault.REFUSED if refused else RequestFault.FAILED
        return ScoreOutcome(file=id, error=describe(error), fault=fault)


def _actuals(id: str, spec: ActualsSpec, progress: Progress) -> ActualsOutcome:
    from shopfloor.serving.actuals import read_actuals

    try:
        return ActualsOutcome(file=id, result=read_actuals(spec, progress))
    except ShopfloorError as error:
        return ActualsOutcome(file=id, error=describe(error))
