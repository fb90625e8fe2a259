"""What a model predicted beside what is true, as plain arrays that every metric reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.statistics.arrays import Array, Codes, Floats, Mask, np

FOREIGN = -1
"""Code of a label that is not in the model's list of classes: a prediction that is always wrong."""
MISSING = -2
"""Code of no label at all."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """`n` rows of one model.

    `truth` and `predicted` are numbers (n,), NaN where there is none, or for classification codes
    (n,) into `classes`, else `FOREIGN` or `MISSING`. `probability` is (n, classes) in their order,
    or None; `positive` is the code of the positive class of a binary target.
    """

    task: Task
    truth: Array
    predicted: Array
    probability: Floats | None = None
    classes: tuple[str, ...] = ()
    positive: int = 0

    def __len__(self) -> int:
        return len(self.predicted)

    def take(self, rows: Array | slice) -> Predictions:
        """The rows at `rows` (positions, a mask or a slice)."""
        probability = None if self.probability is None else self.probability[rows]
        return replace(self, truth=self.truth[rows], predicted=self.predicted[rows], probability=probability)

    def labelled(self) -> Mask:
        """True for rows whose truth is known: a finite number or one of the classes, (n,)."""
        known: Mask = self.truth >= 0 if self.task.classification else np.isfinite(self.truth)
        return known

    def sound(self) -> Mask:
        """True for rows with a prediction that can be scored: finite, and not missing, (n,)."""
        if not self.task.classification:
            return np.asarray(np.isfinite(self.predicted))
        known: Mask = self.predicted != MISSING
        if self.probability is not None:
            known &= np.isfinite(self.probability).all(axis=1)
        return known

    def known(self) -> Predictions:
        """The rows that a metric can read: truth known, prediction sound."""
        return self.take(self.labelled() & self.sound())

    def chance(self) -> Floats:
        """The probability of the positive class, (n,)."""
        return self.probabilities()[:, self.positive]

    def probabilities(self) -> Floats:
        """(n, classes); raises `DataError` when the model gives none."""
        if self.probability is None:
            raise DataError(
                "The model gives no probabilities.",
                hint="Choose a metric for class labels, such as accuracy.",
                code="no_probabilities",
            )
        return self.probability

    def is_positive(self) -> Mask:
        """True for rows whose truth is the positive class, (n,)."""
        positive: Mask = self.truth == self.positive
        return positive

    def class_rows(self) -> Codes:
        """Rows of each class by their truth, (classes,)."""
        return np.bincount(self.truth[self.truth >= 0], minlength=len(self.classes))


def regression(truth: Floats, predicted: Floats) -> Predictions:
    """Rows of a regression model."""
    return Predictions(Task.REGRESSION, truth, predicted)


def classification(
    truth: Codes,
    predicted: Codes,
    probability: Floats | None,
    *,
    classes: Sequence[str],
    positive: int | None = None,
) -> Predictions:
    """Rows of a classifier; `positive` defaults to the last class."""
    return Predictions(
        task=Task.BINARY if len(classes) == 2 else Task.MULTICLASS,
        truth=truth,
        predicted=predicted,
        probability=probability,
        classes=tuple(classes),
        positive=max(len(classes) - 1, 0) if positive is None else positive,
    )


def from_scores(task: Task, truth: Array, scores: Floats) -> Predictions:
    """Rows as a fitted model scores them: `scores` are (n, classes) probabilities in class order, of
    which the greatest decides, or (n, 1) numbers; `truth` (n,) are class codes or numbers."""
    if task is Task.REGRESSION:
        return regression(truth, scores[:, 0])
    classes = [str(code) for code in range(scores.shape[1])]
    return classification(truth, scores.argmax(axis=1), scores, classes=classes)
