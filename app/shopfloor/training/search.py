"""Search for parameters within a budget of seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import from_scores
from shopfloor.training.candidates.candidate import VALIDATION_SHARE, FitJob
from shopfloor.training.candidates.registry import candidate, fit

_MOST_TRIALS = 200
_LEAST_VALIDATION_ROWS = 30


@dataclass(frozen=True)
class Found:
    """The best parameters of a candidate (empty: its defaults) and how many were tried."""

    params: dict[str, Any]
    trials: int
    stopped_by_time: bool


def search(name: str, job: FitJob, metric: Metric, seconds: float) -> Found:
    """Random search (Bergstra & Bengio 2012), judged on the latest training rows.

    The holdout is not used, so its score is unbiased. Trials follow one sequence by seed,
    the defaults first; only their number depends on the time they take.
    """
    validation = job.latest(VALIDATION_SHARE)
    if seconds <= 0 or not _searchable(name, job) or validation.sum() < _LEAST_VALIDATION_ROWS:
        return Found({}, 0, False)
    if job.classes and len(np.unique(job.values[~validation])) < len(np.unique(job.values)):
        return Found({}, 0, False)
    inside = job.take(~validation)
    judged, truth = job.train.take(validation), job.values[validation]
    best: tuple[float, dict[str, Any]] = (float("-inf"), {})
    ends = time.monotonic() + seconds
    trials = 0
    for params in _trials(name, job):
        scores = fit(name, replace(inside, params=params)).model.scores(judged)
        score = metric.score(from_scores(job.task, truth, scores))
        trials += 1
        if score is not None and score > best[0]:
            best = (score, params)
        if time.monotonic() >= ends:
            return Found(best[1], trials, True)
    return Found(best[1], trials, False)


def _searchable(name: str, job: FitJob) -> bool:
    return bool(candidate(name).draw(np.random.default_rng(job.seed), job))


def _trials(name: str, job: FitJob) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(job.seed)
    yield {}
    for _ in range(_MOST_TRIALS - 1):
        yield candidate(name).draw(rng, job)
