"""Mean and spread that merge."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class Moments(msgspec.Struct, frozen=True, array_like=True):
    """Number, mean and sum of squared deviations of some finite values.

    Merged as in Chan, Golub, LeVeque: "Updating formulae and a pairwise algorithm for computing
    sample variances", 1979. Sums beyond the range of a double become infinite and are not shown.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def plus(self, other: Moments) -> Moments:
        """The moments of the values of both."""
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        share, apart = other.count / count, other.mean - self.mean
        mean = self.mean + apart * share if math.isfinite(apart) else self.mean * (1 - share) + other.mean * share
        return Moments(count, mean, self.squares + other.squares + apart * apart * self.count * share)

    @property
    def deviation(self) -> float | None:
        """The sample's standard deviation; None below two values or beyond a double."""
        if self.count < 2 or not math.isfinite(self.squares):
            return None
        return math.sqrt(self.squares / (self.count - 1))


def moments(values: NDArray[Any]) -> Moments:
    """Of finite int64 or float64 values."""
    if not len(values):
        return Moments()
    numbers = values.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(numbers.mean())
        if not math.isfinite(mean):
            mean = float((numbers / len(numbers)).sum())
        apart = numbers - mean
        return Moments(len(numbers), mean, float(np.dot(apart, apart)))
