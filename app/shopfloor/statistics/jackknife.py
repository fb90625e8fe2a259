"""The standard error of one model's score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shopfloor.statistics.arrays import Mask
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions

_BLOCKS = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score (greater is better) with its standard error."""

    score: float
    error: float


def estimate(metric: Metric, predictions: Predictions) -> Estimate | None:
    """The score of `known` rows and its standard error, None where undefined.

    The delete-one-block jackknife over up to 30 stretches of neighbouring rows (Künsch 1989,
    Annals of Statistics 17:1217): rows of one time share weather, staff or prices, so single rows
    would promise too much. Pass the rows in time order.
    """
    return estimate_of(lambda kept: metric.score(predictions.take(kept)), len(predictions))


def estimate_of(statistic: Callable[[Mask | slice], float | None], count: int) -> Estimate | None:
    """The same of any statistic of some of `count` rows; None where it is undefined."""
    whole = statistic(slice(None))
    blocks = min(_BLOCKS, count // 2)
    if whole is None or blocks < 2:
        return None
    block = np.arange(count) * blocks // count
    parts = [statistic(block != one) for one in range(blocks)]
    found = np.array([part for part in parts if part is not None])
    if len(found) < 2:
        return None
    error = float(np.sqrt((len(found) - 1) / len(found) * ((found - found.mean()) ** 2).sum()))
    return Estimate(whole, error)
