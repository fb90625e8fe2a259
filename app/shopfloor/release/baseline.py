"""The constant prediction that every model must beat."""

from __future__ import annotations

from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.compare import compare
from shopfloor.statistics.constant import constant
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import Comparison, studentised
from shopfloor.statistics.predictions import Predictions


def against_constant(
    metric: Metric, predictions: Predictions, score: float, blocks: Blocks, dummy_score: float | None, *, alpha: float
) -> Comparison:
    """The gain of a model that scores `score` over a constant one, paired on the same rows.

    The level to beat is `dummy_score` where training measured it (its constant comes from the
    training rows), else the score of the best constant for these rows. The error of the gain is
    that against the constant of these rows in both cases.
    """
    found = compare(metric, predictions, constant(metric, predictions), blocks, alpha=alpha)
    if dummy_score is None:
        return found
    return studentised(score - dummy_score, found.error, found.units, alpha, found.method, unit=found.unit)
