"""The score that rows will have once their truth is known, from what is said of the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shopfloor.statistics.arrays import Array, np
from shopfloor.statistics.jackknife import Estimate
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    Draw = Callable[[np.random.Generator], Array]

_DRAWS = 60


def expected_score(metric: Metric, predictions: Predictions, draw: Draw) -> Estimate | None:
    """The mean score over truths that `draw` makes, (n,) each, with their standard deviation; None where undefined.

    By simulation, so that any metric of the table can be expected. The draws are the same for the same rows.
    """
    random: Any = np.random.default_rng(0)
    scores = [metric.score(replace(predictions, truth=draw(random))) for _ in range(_DRAWS)]
    found = np.array([score for score in scores if score is not None])
    if 2 * len(found) < _DRAWS:
        return None
    return Estimate(float(found.mean()), float(found.std(ddof=1)))
