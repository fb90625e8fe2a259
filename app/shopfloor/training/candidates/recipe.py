"""A recipe's estimator, fitted on the plain frame."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from shopfloor.artifacts.frames import to_frame
from shopfloor.training import recipes
from shopfloor.training.candidates.candidate import Fit, FitJob, finished


class RecipeCandidate:
    """The team's own estimator, named `recipes/FILE.py:FUNCTION`. Class targets are codes from 0."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, job: FitJob) -> Fit:
        """Build the estimator and fit it."""
        options = {
            "task": job.task.value,
            "seed": job.seed,
            "columns": job.columns,
            "threads": job.threads,
            "classes": list(job.classes),
        }
        recipe = recipes.build(self.name, job.workspace, options)
        started = time.perf_counter()
        recipe.estimator.fit(to_frame(job.train, job.columns), job.values)
        return finished(job, None, recipe.estimator, {}, 0.0, started, (recipe.file, recipe.source))

    def draw(self, rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
        """A recipe searches by itself, if at all."""
        return {}
