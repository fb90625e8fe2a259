"""Search for parameters within a budget of seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import from_scores
from shopfloor.training.candidates import VALIDATION_SHARE, FitJob, boosting_defaults, fit

_MOST_TRIALS = 200
_LEAST_JUDGES = 30


@dataclass(frozen=True)
class Found:
    """The best parameters of a candidate (empty: its defaults) and how many were tried."""

    params: dict[str, Any]
    trials: int
    stopped_by_time: bool


def search(name: str, job: FitJob, metric: Metric, seconds: float) -> Found:
    """Random search (Bergstra & Bengio 2012), judged on the latest training rows.

    The holdout is never looked at, so its score stays honest. Trials follow one sequence by seed,
    the defaults first; only their number depends on the time they take.
    """
    judges = job.latest(VALIDATION_SHARE)
    if seconds <= 0 or name not in _SPACES or judges.sum() < _LEAST_JUDGES:
        return Found({}, 0, False)
    if job.classes and len(np.unique(job.values[~judges])) < len(np.unique(job.values)):
        return Found({}, 0, False)
    inside = job.take(~judges)
    judged, truth = job.train.take(judges), job.values[judges]
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


def _trials(name: str, job: FitJob) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(job.seed)
    yield {}
    for _ in range(_MOST_TRIALS - 1):
        yield _SPACES[name](rng, job)


def _linear(rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
    return {"C": float(10.0 ** rng.uniform(-3, 2))}


def _boosting(rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
    return {
        **boosting_defaults(job.train.rows),
        "learning_rate": float(10.0 ** rng.uniform(-1.7, -0.7)),
        "max_leaf_nodes": int(rng.choice([6, 10, 15, 24, 31, 63])),
        "min_samples_leaf": int(rng.choice([5, 10, 20, 40, 80])),
        "l2_regularization": float(10.0 ** rng.uniform(-2, 2)),
        "max_features": float(rng.choice([0.3, 0.5, 0.8, 1.0])),
    }


_SPACES = {"linear": _linear, "boosting": _boosting}
