"""A metric of stored predictions, with its standard error."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from shopfloor.domain.definition import Task
from shopfloor.monitoring.answers import Answers

_BLOCKS = 30
_STRETCH = 200
_STRETCHES = 6


@dataclass(frozen=True)
class Scored:
    """A metric (greater is better) with its standard error."""

    score: float
    error: float


class _StoredClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What scikit-learn's scorers see as a classifier: X is the row numbers of stored answers."""

    def __init__(self, codes: NDArray[np.intp], chances: NDArray[np.float64] | None, classes: NDArray[np.intp]) -> None:
        self.codes = codes
        self.chances = chances
        self.classes_ = classes

    def predict(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        return self.codes[rows]

    def predict_proba(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        if self.chances is None:
            raise ValueError("the model gives no probabilities")
        return self.chances[rows]


class _StoredNumbers(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    def __init__(self, numbers: NDArray[np.float64]) -> None:
        self.numbers = numbers

    def predict(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return self.numbers[rows]


def score(metric: str, answers: Answers) -> float | None:
    """A scikit-learn scorer on answers with known truth; None where it is undefined."""
    return _Stored(metric, answers).score(np.arange(len(answers)))


def score_with_error(metric: str, answers: Answers) -> Scored | None:
    """The metric and its standard error, None where undefined.

    The delete-one-block jackknife over up to 30 stretches of neighbouring rows (Künsch 1989):
    rows of one time share weather, staff or prices, so single rows would promise too much. Pass
    the answers in time order.
    """
    stored = _Stored(metric, answers)
    rows = np.arange(len(answers))
    whole = stored.score(rows)
    blocks = min(_BLOCKS, len(rows) // 2)
    if whole is None or blocks < 2:
        return None
    block = rows * blocks // len(rows)
    parts = [stored.score(rows[block != one]) for one in range(blocks)]
    found = np.array([part for part in parts if part is not None])
    if len(found) < 2:
        return None
    error = float(np.sqrt((len(found) - 1) / len(found) * ((found - found.mean()) ** 2).sum()))
    return Scored(whole, error)


def stretch_scores(metric: str, answers: Answers) -> tuple[float, ...]:
    """The metric of up to six stretches of at least 200 rows, in order; empty when there are fewer
    than three."""
    number = min(_STRETCHES, len(answers) // _STRETCH)
    if number < 3:
        return ()
    stored = _Stored(metric, answers)
    found = [stored.score(rows) for rows in np.array_split(np.arange(len(answers)), number)]
    return tuple(value for value in found if value is not None)


def constant_score(metric: str, answers: Answers) -> float | None:
    """What the metric is when every row gets the commonest class, with the classes' shares as
    chances, or the mean."""
    if not len(answers):
        return None
    if not answers.task.classification:
        return score(metric, replace(answers, numbers=np.full(len(answers), answers.truth_numbers.mean())))
    shares = np.bincount(answers.truth_codes, minlength=len(answers.classes)) / len(answers)
    codes = np.full(len(answers), int(shares.argmax()), dtype=np.intp)
    return score(metric, replace(answers, codes=codes, chances=np.tile(shares, (len(answers), 1))))


class _Stored:
    """Answers in the form the scorers want: a binary target as 0 and 1, 1 the positive class."""

    def __init__(self, metric: str, answers: Answers) -> None:
        self._scorer: Any = get_scorer(metric)
        self._loss = metric == "neg_log_loss"
        if not answers.task.classification:
            self._truth: NDArray[Any] = answers.truth_numbers
            self._model: Any = _StoredNumbers(answers.numbers)
            return
        codes, chances, truth = answers.codes, answers.chances, answers.truth_codes
        classes = np.arange(len(answers.classes))
        if answers.task is Task.BINARY:
            chance = answers.positive_chance()
            codes = (codes == answers.positive_code).astype(np.intp)
            truth = (truth == answers.positive_code).astype(np.intp)
            chances = None if chances is None else np.column_stack([1 - chance, chance])
            classes = np.arange(2)
        self._truth = truth
        self._model = _StoredClasses(codes, chances, classes)

    def score(self, rows: NDArray[np.intp]) -> float | None:
        if not len(rows):
            return None
        try:
            value = self._log_loss(rows) if self._loss else self._scored(rows)
        except ValueError:  # one class only, or no probabilities: the metric has no meaning
            return None
        return float(value) if np.isfinite(value) else None

    def _scored(self, rows: NDArray[np.intp]) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "undefined" is told by the value
            return float(self._scorer(self._model, rows, self._truth[rows]))

    def _log_loss(self, rows: NDArray[np.intp]) -> float:
        """scikit-learn's needs every class among the rows; the loss itself does not."""
        chances = self._model.predict_proba(rows)
        return float(np.log(np.clip(chances[np.arange(len(rows)), self._truth[rows]], 1e-15, 1.0)).mean())
