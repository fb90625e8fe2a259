"""Classifiers that a notebook fitted on labels of its own, as the rest of the room knows classifiers."""

from __future__ import annotations

from typing import Any

from shopfloor.artifacts.stored import stored


@stored("recorded", "estimator", "classes")
class Recorded:
    """Answers with the estimator's probabilities, but numbers its classes 0 … k-1.

    Training fits on such codes, a notebook fits on the labels themselves; the order of the
    probability columns is the same in both.
    """

    def __init__(self, estimator: Any, classes: int) -> None:
        self.estimator = estimator
        self.classes = classes
        self.classes_ = list(range(classes))

    def predict_proba(self, rows: Any) -> Any:
        """Probabilities (rows, classes) in the order of the estimator's own labels."""
        return self.estimator.predict_proba(rows)
