"""What predictions are worth by the team's own figures."""

from __future__ import annotations

import numpy as np

from shopfloor.domain.definition import Value
from shopfloor.statistics.arrays import Floats, Mask
from shopfloor.statistics.predictions import Predictions


def value_per_row(value: Value, predictions: Predictions) -> Floats | None:
    """The value of each row with known truth in `value.unit`, (n,); None for more than two classes.

    Two classes: a chance of `threshold` or more of the positive class is taken as a yes, or, from
    a model without chances, its class.
    """
    if not predictions.task.classification:
        errors: Floats = value.per_absolute_error * np.abs(predictions.truth - predictions.predicted)
        return errors
    if len(predictions.classes) != 2:
        return None
    if predictions.probability is None:
        return value_of_claims(value, predictions, predictions.predicted == predictions.positive)
    return value_of_claims(value, predictions, predictions.chance() >= value.threshold)


def value_of_claims(value: Value, predictions: Predictions, claimed: Mask) -> Floats:
    """The value of each row, (n,), when the rows in `claimed` are taken as a yes."""
    table: Floats = np.array(
        [[value.true_negative, value.false_positive], [value.false_negative, value.true_positive]], dtype=np.float64
    )
    return table[predictions.is_positive().astype(np.intp), claimed.astype(np.intp)]
