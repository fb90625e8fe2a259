"""One model's answers beside the truth, as plain arrays that every metric reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.values import label_of
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]

FOREIGN = -1
"""Code of a label that is not in the model's list of classes: an answer that is always wrong."""
MISSING = -2
"""Code of no label at all."""


@dataclass(frozen=True, slots=True)
class Scored:
    """`n` rows of one model.

    Regression uses `target` and `answer`, values (n,). Classification uses `target_code` and
    `answer_code`, class numbers (n,), and `probability`, (n, classes) or None. The arrays of the
    other kind are empty.
    """

    task: Task
    target: FloatArray
    answer: FloatArray
    target_code: IntArray
    answer_code: IntArray
    probability: FloatArray | None
    classes: int
    positive: int

    def __len__(self) -> int:
        return len(self.target_code if self.task.classification else self.target)

    def take(self, index: IntArray | BoolArray) -> Scored:
        """The rows at `index`."""
        if not self.task.classification:
            return replace(self, target=self.target[index], answer=self.answer[index])
        return replace(
            self,
            target_code=self.target_code[index],
            answer_code=self.answer_code[index],
            probability=None if self.probability is None else self.probability[index],
        )

    def labelled(self) -> BoolArray:
        """True for rows whose truth is known: a finite number or one of the classes, (n,)."""
        if not self.task.classification:
            return np.asarray(np.isfinite(self.target))
        return np.asarray(self.target_code >= 0)

    def sound(self) -> BoolArray:
        """True for rows with an answer that can be scored: finite, and not missing, (n,)."""
        if not self.task.classification:
            return np.asarray(np.isfinite(self.answer))
        known: BoolArray = self.answer_code != MISSING
        if self.probability is not None:
            known &= np.isfinite(self.probability).all(axis=1)
        return known

    def chance(self) -> FloatArray:
        """The probability of the positive class, (n,)."""
        return self.probabilities()[:, self.positive]

    def probabilities(self) -> FloatArray:
        """(n, classes); raises `DataError` when the model gives none."""
        if self.probability is None:
            raise DataError(
                "The model gives no probabilities.",
                hint="Choose a metric of classes, such as accuracy.",
                code="no_probabilities",
            )
        return self.probability

    def class_rows(self) -> IntArray:
        """Rows of each class, (classes,)."""
        return np.bincount(self.target_code[self.target_code >= 0], minlength=self.classes)


_NO_FLOATS: FloatArray = np.empty(0)
_NO_CODES: IntArray = np.empty(0, dtype=np.intp)


def regression(target: FloatArray, answer: FloatArray) -> Scored:
    """Rows of a regression model."""
    return Scored(
        task=Task.REGRESSION,
        target=target,
        answer=answer,
        target_code=_NO_CODES,
        answer_code=_NO_CODES,
        probability=None,
        classes=0,
        positive=0,
    )


def classification(
    target: IntArray,
    answer: IntArray,
    probability: FloatArray | None,
    *,
    classes: int,
    positive: int | None = None,
) -> Scored:
    """Rows of a classifier; `positive` defaults to the last class."""
    return Scored(
        task=Task.BINARY if classes == 2 else Task.MULTICLASS,
        target=_NO_FLOATS,
        answer=_NO_FLOATS,
        target_code=target,
        answer_code=answer,
        probability=probability,
        classes=classes,
        positive=classes - 1 if positive is None else positive,
    )


def read_numbers(values: pd.Series[Any]) -> FloatArray:
    """A column as floats; what is no number becomes NaN."""
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def read_codes(values: pd.Series[Any], classes: tuple[str, ...]) -> IntArray:
    """A column of labels as codes into `classes`, else `FOREIGN` or `MISSING`.

    Labels are spelled as models spell their classes (`artifacts.values.label_of`).
    """
    import pandas as pd

    numbers, distinct = pd.factorize(values, use_na_sentinel=True)
    known: dict[str | None, int] = {name: code for code, name in enumerate(classes)}
    table = np.array([known.get(label_of(value), FOREIGN) for value in distinct] + [MISSING], dtype=np.intp)
    return table[numbers]


def read_predictions(
    frame: pd.DataFrame,
    target: pd.Series[Any],
    *,
    task: Task,
    classes: tuple[str, ...],
    positive: str | None,
) -> Scored:
    """Prediction columns (`prediction`, `probability_<class>`) of the rows of `target`, in order.

    A class without a probability column counts as probability 0, as long as one class has one.
    Raises `DataError` when row counts differ or the prediction column is missing.
    """
    if len(frame) != len(target):
        raise DataError(
            f"{len(frame):,} predictions came for {len(target):,} holdout rows.",
            hint="Score exactly the holdout rows, in their order.",
            code="prediction_rows",
        )
    if "prediction" not in frame.columns:
        raise DataError("The predictions have no column 'prediction'.", code="prediction_column")
    if not task.classification:
        return regression(read_numbers(target), read_numbers(frame["prediction"]))
    return classification(
        read_codes(target, classes),
        read_codes(frame["prediction"], classes),
        _probabilities(frame, classes),
        classes=len(classes),
        positive=classes.index(positive) if positive in classes else None,
    )


def _probabilities(frame: pd.DataFrame, classes: tuple[str, ...]) -> FloatArray | None:
    names = [f"probability_{name}" for name in classes]
    if not any(name in frame.columns for name in names):
        return None
    table = np.zeros((len(frame), len(classes)))
    for column, name in enumerate(names):
        if name in frame.columns:
            table[:, column] = read_numbers(frame[name])
    return table
