"""Predictions, beside the truth where it is known, as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.table import Factor, Floats, Values
from shopfloor.artifacts.values import label_of
from shopfloor.domain.definition import Task

if TYPE_CHECKING:
    import pandas as pd

Codes: TypeAlias = NDArray[np.intp]

PROBABILITY = "probability_"


@dataclass(frozen=True)
class Answers:
    """`n` predictions. Regression fills `numbers`; classification `codes` into `classes` and, when
    the model gives them, `chances` (n, classes). Truth is NaN or -1 where it is unknown."""

    task: Task
    classes: tuple[str, ...]
    positive_code: int
    numbers: Floats
    codes: Codes
    chances: Floats | None
    truth_numbers: Floats
    truth_codes: Codes

    def __len__(self) -> int:
        return len(self.codes if self.task.classification else self.numbers)

    def take(self, rows: NDArray[Any] | slice) -> Answers:
        """The answers at `rows` (positions or a mask)."""
        if not self.task.classification:
            return replace(self, numbers=self.numbers[rows], truth_numbers=self.truth_numbers[rows])
        chances = None if self.chances is None else self.chances[rows]
        return replace(self, codes=self.codes[rows], chances=chances, truth_codes=self.truth_codes[rows])

    def known(self) -> Answers:
        """Those whose truth is known and whose prediction is usable."""
        return self.take(self.known_rows())

    def known_rows(self) -> NDArray[np.bool_]:
        """True for rows with a known truth and a usable prediction, (n,)."""
        if self.task.classification:
            return np.asarray((self.truth_codes >= 0) & (self.codes >= 0))
        return np.asarray(np.isfinite(self.truth_numbers) & np.isfinite(self.numbers))

    def positive_chance(self) -> Floats:
        """The chance of the positive class, (n,); 0 or 1 when the model gives no chances."""
        if self.chances is None:
            return np.asarray(self.codes == self.positive_code, dtype=np.float64)
        return np.asarray(self.chances[:, self.positive_code])


def read_answers(
    frame: pd.DataFrame, truth: pd.Series[Any] | None, task: Task, classes: Sequence[str], positive: str | None
) -> Answers:
    """Answers from prediction columns and, row by row, the truth.

    Classes come from `classes`, else from the probability columns and labels that occur. Labels
    that are no class get code -1.
    """
    if not task.classification:
        numbers = _numbers(frame["prediction"])
        known = np.full(len(frame), np.nan) if truth is None else _numbers(truth)
        return Answers(task, (), 0, numbers, _NO_CODES, None, known, _NO_CODES)
    names = tuple(classes) or _classes_of(frame, truth)
    codes = _codes(frame["prediction"], names)
    known_codes = np.full(len(frame), -1, dtype=np.intp) if truth is None else _codes(truth, names)
    code = names.index(positive) if positive in names else max(len(names) - 1, 0)
    return Answers(task, names, code, _NO_NUMBERS, codes, _chances(frame, names), _NO_NUMBERS, known_codes)


def answer_values(answers: Answers) -> Values:
    """What is watched of predictions: the number, the chance of the positive class, or the class."""
    if not answers.task.classification:
        return answers.numbers
    if answers.task is Task.BINARY and answers.chances is not None:
        return answers.chances[:, answers.positive_code]
    return Factor(answers.codes, list(answers.classes))


_NO_NUMBERS: Floats = np.empty(0)
_NO_CODES: Codes = np.empty(0, dtype=np.intp)


def _classes_of(frame: pd.DataFrame, truth: pd.Series[Any] | None) -> tuple[str, ...]:
    named = [str(name).removeprefix(PROBABILITY) for name in frame.columns if str(name).startswith(PROBABILITY)]
    columns = [frame["prediction"]] if truth is None else [frame["prediction"], truth]
    labels = {label_of(value) for column in columns for value in column.unique()}
    return tuple(dict.fromkeys([*named, *sorted(label for label in labels if label is not None)]))


def _chances(frame: pd.DataFrame, classes: Sequence[str]) -> Floats | None:
    """(n, classes), zero for a class without a column; None when no row has chances."""
    names = [f"{PROBABILITY}{label}" for label in classes]
    if not any(name in frame.columns for name in names):
        return None
    table = np.zeros((len(frame), len(names)))
    for place, name in enumerate(names):
        if name in frame.columns:
            table[:, place] = np.nan_to_num(_numbers(frame[name]))
    return table


def _numbers(values: pd.Series[Any]) -> Floats:
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _codes(values: pd.Series[Any], classes: Sequence[str]) -> Codes:
    import pandas as pd

    numbers, distinct = pd.factorize(values, use_na_sentinel=True)
    places = {label: place for place, label in enumerate(classes)}
    table = [places.get(label_of(value) or "", -1) for value in distinct]
    return np.array([*table, -1], dtype=np.intp)[numbers]
