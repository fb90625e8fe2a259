"""What predictions are worth by the team's own figures."""

from __future__ import annotations

import numpy as np

from shopfloor.domain.definition import Value
from shopfloor.statistics.arrays import Floats, Mask
from shopfloor.statistics.predictions import Predictions


def outcome_gains(value: Value) -> Floats:
    """What each outcome is worth where that is the same in every row: (2, 2) by truth and claim, the negative first."""
    cells = [[value.true_negative, value.false_positive], [value.false_negative, value.true_positive]]
    return np.array([[float(cell) for cell in row] for row in cells])


def value_per_row(value: Value, predictions: Predictions) -> Floats | None:
    """The value of each row with known truth in `value.unit`, (n,); None for more than two classes, and where it needs
    more than the outcome.

    Two classes: a chance of `threshold` or more of the positive class is taken as a yes, or, from
    a model without chances, its class.
    """
    if not value.constant:
        return None
    if not predictions.task.classification:
        errors: Floats = float(value.per_absolute_error) * np.abs(predictions.truth - predictions.predicted)
        return errors
    if len(predictions.classes) != 2:
        return None
    if predictions.probability is None:
        return value_of_claims(value, predictions, predictions.predicted == predictions.positive)
    return value_of_claims(value, predictions, predictions.chance() >= value.threshold)


def value_of_claims(value: Value, predictions: Predictions, claimed: Mask) -> Floats:
    """The value of each row, (n,), when the rows in `claimed` are taken as a yes."""
    return outcome_gains(value)[predictions.is_positive().astype(np.intp), claimed.astype(np.intp)]
