"""Logistic or ridge regression."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from shopfloor.domain.definition import Task
from shopfloor.training.candidates.candidate import Fit, FitJob, encode, finished

_WIDE = 400
_STRENGTH = 0.3
"""On flights 1.0 and 0.1 are as good for all rows, but segments of 100 rows need restraint."""


class Linear:
    """A linear model of the dense encoding.

    With many more rows than columns Newton's method with a Cholesky factorisation needs a handful
    of passes where L-BFGS needs a hundred.
    """

    name = "linear"

    def fit(self, job: FitJob) -> Fit:
        """Fit with the inverse strength of regularisation `C`."""
        encoder, encoded, seconds = encode(job, "dense")
        strength = float(job.params.get("C", _STRENGTH))
        estimator: Any
        if job.task is Task.REGRESSION:
            estimator = Ridge(alpha=1.0 / strength)
        else:
            narrow = encoded.shape[1] * max(1, len(job.classes) - 1) <= _WIDE
            solver = "newton-cholesky" if narrow else "lbfgs"
            estimator = LogisticRegression(C=strength, solver=solver, max_iter=200)
        started = time.perf_counter()
        estimator.fit(encoded, job.values)
        return finished(job, encoder, estimator, {"C": strength}, seconds, started)

    def draw(self, rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
        """Five decades of regularisation."""
        return {"C": float(10.0 ** rng.uniform(-3, 2))}


CANDIDATE = Linear()
