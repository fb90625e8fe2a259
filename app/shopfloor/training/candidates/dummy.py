"""The baseline that uses no feature."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from shopfloor.domain.definition import Task
from shopfloor.training.candidates.candidate import Fit, FitJob, finished


class Dummy:
    """Class shares, or the mean."""

    name = "dummy"

    def fit(self, job: FitJob) -> Fit:
        """Fit on nothing but the target."""
        estimator = DummyRegressor() if job.task is Task.REGRESSION else DummyClassifier(strategy="prior")
        started = time.perf_counter()
        estimator.fit(np.zeros((job.train.rows, 1)), job.values)
        return finished(job, None, estimator, {}, 0.0, started)

    def draw(self, rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
        """Nothing to search."""
        return {}


CANDIDATE = Dummy()
DUMMY = CANDIDATE.name
