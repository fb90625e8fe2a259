"""Extremely randomised trees."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from shopfloor.artifacts.forest import narrow
from shopfloor.domain.definition import Task
from shopfloor.training.candidates.candidate import Fit, FitJob, encode, finished

_TREES = 100
_LEAVES = 512
"""Bounds an artifact to some 7 MB and two classes; with 1,024 flights are told no better."""


class Forest:
    """A mean of independent random trees (Geurts, Ernst & Wehenkel 2006): slow to overfit where rows are few."""

    name = "forest"

    def fit(self, job: FitJob) -> Fit:
        """Fit; threads share the trees, which are the same with any number of them."""
        encoder, encoded, seconds = encode(job, "trees")
        params = {**_DEFAULTS, **job.params}
        kind = ExtraTreesRegressor if job.task is Task.REGRESSION else ExtraTreesClassifier
        estimator = kind(
            **params, n_estimators=_TREES, max_leaf_nodes=_LEAVES, n_jobs=job.threads, random_state=job.seed
        )
        started = time.perf_counter()
        estimator.fit(narrow(encoded), job.values)
        estimator.n_jobs = None  # threads would add up the trees of a prediction in any order
        return finished(job, encoder, estimator, params, seconds, started)

    def draw(self, rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
        """Around the defaults."""
        return {
            "max_features": float(rng.uniform(0.15, 1.0)),
            "min_samples_leaf": int(rng.choice([1, 2, 3, 5, 10, 20])),
        }


CANDIDATE = Forest()
_DEFAULTS = {"max_features": 0.5, "min_samples_leaf": 3}
