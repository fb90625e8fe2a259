"""Score files in a worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.wire import describe
from shopfloor.serving.batch import ScoreOutcome, ScoreTask
from shopfloor.serving.records import ScoreSpec
from shopfloor.serving.score import score

SPEC = ScoreTask


def run(task: ScoreTask, progress: Callable[[float, str], None]) -> list[ScoreOutcome]:
    """One outcome a file; a bad file does not stop the next."""
    outcomes = []
    count = len(task.files)
    for number, (id, spec) in enumerate(task.files):
        outcomes.append(_one(id, spec, partial(_within, progress, number, count)))
    return outcomes


def _within(progress: Callable[[float, str], None], number: int, count: int, share: float, stage: str) -> None:
    """Progress inside file `number` of `count` as progress of the whole."""
    progress((number + share) / count, stage)


def _one(id: str, spec: ScoreSpec, progress: Callable[[float, str], None]) -> ScoreOutcome:
    try:
        return ScoreOutcome(file=id, result=score(spec, progress))
    except ShopfloorError as error:
        return ScoreOutcome(file=id, error=describe(error))
