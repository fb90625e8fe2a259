"""Candidates fitted for each block, scored on the same rows, and one of them chosen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shopfloor.artifacts.table import Floats
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError, ShopfloorError
from shopfloor.domain.run import CandidateScore
from shopfloor.domain.text import safe
from shopfloor.statistics import metrics
from shopfloor.statistics.metric import NUMBERS, Metric
from shopfloor.statistics.predictions import Predictions, from_scores
from shopfloor.statistics.promise import promise
from shopfloor.training.candidates.candidate import Fit, FitJob
from shopfloor.training.candidates.dummy import DUMMY
from shopfloor.training.candidates.registry import fit
from shopfloor.training.prepared import Prepared

LEAST_GAIN = 0.002
LEAST_SHARE = 0.01
_LEAST_ERROR = 1e-12


@dataclass(frozen=True)
class Scored:
    """A candidate with its fits and their scores of the rows judged, by block; both empty when it failed.

    `older` are the scores of each block but the first by the fit of the block before it.
    """

    record: CandidateScore
    fits: tuple[Fit, ...] = ()
    scores: tuple[Floats, ...] = ()
    older: tuple[Floats, ...] = ()
    score_seconds: float = 0.0

    @property
    def fit(self) -> Fit | None:
        """The fit of the newest block; None when it failed."""
        return self.fits[-1] if self.fits else None

    @property
    def judged(self) -> Floats:
        """The scores of the rows of all blocks, each by the fit that had not seen it."""
        return np.concatenate(self.scores)


def score_candidate(
    name: str, jobs: Sequence[FitJob], prepared: Prepared, metric: Metric, searched: Callable[[FitJob], FitJob]
) -> Scored:
    """Fit one candidate for each block and score it there. Whatever its code raises is recorded, not raised.

    `searched` gives a job its parameters. The boundary is wide on purpose: recipes are other people's code, and one bad
    candidate must not take the others down.
    """
    started = time.perf_counter()
    fits: list[Fit] = []
    scores: list[Floats] = []
    older: list[Floats] = []
    scoring = 0.0
    try:
        for job, block in zip(jobs, prepared.parted.blocks, strict=True):
            before = fits[-1] if fits else None
            fits.append(fit(name, searched(job)))
            rows = prepared.table.take(block.judged)
            begun = time.perf_counter()
            scores.append(fits[-1].model.scores(rows))
            if before is not None:
                older.append(before.model.scores(rows))
            scoring += time.perf_counter() - begun
        found = [
            all_scores(metric, from_scores(jobs[0].task, prepared.target.values[block.judged], one))
            for block, one in zip(prepared.parted.blocks, scores, strict=True)
        ]
    except ShopfloorError as error:
        return Scored(_failed(name, started, str(error)))
    except Exception as error:  # noqa: BLE001  (a recipe's or a library's failure: see above)
        return Scored(_failed(name, started, f"{type(error).__name__}: {error}"))
    blocks = tuple(one[metric.name] for one in found)
    record = CandidateScore(
        name=name,
        metrics=mean_scores(found),
        seconds=time.perf_counter() - started,
        blocks=blocks if len(found) > 1 else (),
        promise=promise(metric, blocks),
    )
    return Scored(record, tuple(fits), tuple(scores), tuple(older), score_seconds=scoring)


def mean_scores(blocks: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """The mean over blocks of each score, of those blocks where it is defined: scores of different fits are never
    pooled into one. Of a share of variance the share that is left has a geometric mean: the share of a quiet block may
    be any number below zero.
    """
    found: dict[str, float | None] = {}
    for name in blocks[0]:
        known = [value for one in blocks if (value := one[name]) is not None]
        found[name] = _mean(metrics.find(name), known) if known else None
    return found


def _mean(metric: Metric, known: Sequence[float]) -> float:
    if len(known) == 1 or not metric.share_of_variance:
        return sum(known) / len(known)
    return 1.0 - math.exp(sum(math.log(max(1.0 - value, _LEAST_ERROR)) for value in known) / len(known))


def all_scores(metric: Metric, predictions: Predictions) -> dict[str, float | None]:
    """What a run reports: the metric that decides first, then the usual ones of the task."""
    wanted = {one.name: one for one in (metric, *metrics.reported(predictions.task))}
    return {name: one.score(predictions) for name, one in wanted.items()}


def choose(scored: Sequence[Scored], metric: Metric, task: Task) -> tuple[Scored, tuple[str, ...]]:
    """The candidate with the greatest metric; the dummy only when nothing beats it.

    Over several blocks the mean of a value that no quiet block can blow up: of an error, and of a share of variance,
    its logarithm. Where the metric is undefined on all rows judged the proper loss decides, and a note says so. Raises
    `DataError` when every candidate failed.
    """
    working = _working(scored)
    notes: list[str] = []
    dummy = next((one for one in scored if one.fit is not None and one.record.name == DUMMY), None)
    name = metric.name
    if all(one.record.metrics.get(name) is None for one in working):
        name = "neg_root_mean_squared_error" if task is Task.REGRESSION else "neg_log_loss"
        notes.append(f"{metric.name} is undefined on the holdout (its rows have one class); {name} decided.")
    best = max(working, key=lambda one: _value(one, metric, name))
    if dummy is not None and _value(dummy, metric, name) >= _value(best, metric, name):
        notes.append(f"No candidate beats the baseline that ignores all features ({name}).")
        best = dummy
    return best, tuple(notes)


def gains_little(best: Scored, held: Scored, metric: Metric) -> bool:
    """Whether `best` gains less than is worth a test: .002, or 1 % of an error."""
    least = LEAST_SHARE if metric.tasks == NUMBERS else LEAST_GAIN
    return _value(best, metric, metric.name) - _value(held, metric, metric.name) < least


def best_of(scored: Sequence[Scored], metric: Metric) -> Scored:
    """The best of the candidates that use features."""
    return max(_working(scored), key=lambda one: _value(one, metric, metric.name))


def _working(scored: Sequence[Scored]) -> list[Scored]:
    working = [one for one in scored if one.fit is not None and one.record.name != DUMMY]
    if working:
        return working
    by_error: dict[str, list[str]] = {}
    for one in scored:
        if one.record.error:
            by_error.setdefault(one.record.error, []).append(one.record.name)
    errors = "; ".join(f"{', '.join(names)}: {error}" for error, names in by_error.items())
    raise DataError(
        f"Every candidate failed. {errors}",
        hint="Correct the recipe or the data, or name other candidates.",
        code="all_candidates_failed",
    )


def _value(scored: Scored, metric: Metric, name: str) -> float:
    """What candidates are compared by; greater is better."""
    blocks = scored.record.blocks
    if name != metric.name or not blocks:
        value = scored.record.metrics.get(name)
        return float("-inf") if value is None else value
    known = [_even(metric, value) for value in blocks if value is not None]
    return sum(known) / len(known) if known else float("-inf")


def _even(metric: Metric, value: float) -> float:
    """A block's score on a scale that hard and easy blocks share."""
    if metric.tasks != NUMBERS:
        return value
    lacks = (1.0 if metric.share_of_variance else 0.0) - value
    return -math.log(max(lacks, _LEAST_ERROR)) * (0.5 if metric.share_of_variance else 1.0)


def _failed(name: str, started: float, error: str) -> CandidateScore:
    return CandidateScore(name=name, metrics={}, seconds=time.perf_counter() - started, error=safe(error, 500))
