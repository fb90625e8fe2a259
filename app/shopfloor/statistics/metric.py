"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shopfloor.domain.definition import Task
from shopfloor.statistics.arrays import Codes, Floats, np
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import Predictions

BINARY = (Task.BINARY,)
MULTICLASS = (Task.MULTICLASS,)
CLASSES = (Task.BINARY, Task.MULTICLASS)
NUMBERS = (Task.REGRESSION,)

ResampledScore = Callable[[Codes], float]
"""The score of the rows at an index, (draws,), in which rows may repeat."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A score, NaN where the rows do not define it, and what each row contributes to it.

    A score that is a mean over rows has these in `rows`, (n,). Another smooth score has `slope`:
    one number a row with mean 0, so that the score's variance is that of the numbers' mean
    (infinitesimal jackknife; Efron 1982, "The Jackknife, the Bootstrap and Other Resampling
    Plans"); computed on demand. A score that is not smooth has `resampled`, for the bootstrap.
    """

    score: float
    rows: Floats | None = None
    slope: Callable[[], Floats] | None = None
    resampled: ResampledScore | None = None

    def influence(self) -> Floats | None:
        """One number a row with mean 0, (n,); None for a score that is not smooth."""
        if self.rows is not None:
            return self.rows - self.score
        return None if self.slope is None else self.slope()


def mean(values: Floats) -> Measured:
    """A score that is the mean of one number a row, (n,)."""
    return Measured(float(values.mean()), rows=values)


def undefined(count: int) -> Measured:
    """No score: the rows (none, one class, a target that does not vary) do not define it."""
    return Measured(float("nan"), slope=lambda: np.full(count, np.nan))


class Constant(StrEnum):
    """The best constant prediction of numbers by a metric."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the table. `name` is the scorer's of scikit-learn; greater is better, always.

    `measure` needs rows that are `known`. `probabilities`: the model must give them. `paired` is
    the classical test of a difference on the same independent rows, where there is one (it gives
    None for rows it cannot judge). `reported`: every run of these tasks says it; the first one
    of a task is its default. `aliases` are what people also call it; of an error, they mean the
    positive number.
    """

    name: str
    label: str
    tasks: tuple[Task, ...]
    measure: Callable[[Predictions], Measured]
    probabilities: bool = False
    paired: Callable[[Predictions, Predictions, float], Comparison | None] | None = None
    smooth: bool = True
    constant: Constant = Constant.MEAN
    reported: tuple[Task, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def negated(self) -> bool:
        """An error, of which scikit-learn's scorer takes the negative."""
        return self.name.startswith("neg_")

    @property
    def share_of_variance(self) -> bool:
        """A score of numbers that lacks the share of the target's variance that is left, of 1."""
        return self.tasks == NUMBERS and not self.negated

    def shown(self, score: float | None) -> float | None:
        """The score as people quote it: an error is positive."""
        return None if score is None else -score if self.negated else score

    def score(self, predictions: Predictions) -> float | None:
        """The score of `known` rows; None where they do not define it (no rows, one class, a target
        that does not vary, no probabilities)."""
        if not len(predictions) or (self.probabilities and predictions.probability is None):
            return None
        with np.errstate(all="ignore"):  # squares of numbers near 1e300: the result is None
            value = self.measure(predictions).score
        return value if np.isfinite(value) else None

    def losses(self, predictions: Predictions) -> Floats | None:
        """The loss of each row, (n,), whose mean is the negative score; None where no mean is."""
        rows = self.measure(predictions).rows
        return None if rows is None else -rows
