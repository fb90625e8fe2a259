"""What predictions are worth by the team's own figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shopfloor.domain.definition import Figure, Value
from shopfloor.statistics.arrays import Floats, Mask
from shopfloor.statistics.predictions import Predictions

Amounts = Mapping[str, Floats]
"""The amounts of rows by the column that terms name, (n,) each."""

NO_AMOUNTS: Amounts = {}


def outcome_gains(value: Value) -> Floats:
    """What each outcome is worth where that is the same in every row: (2, 2) by truth and claim, the negative first."""
    cells = [[value.true_negative, value.false_positive], [value.false_negative, value.true_positive]]
    return np.array([[float(cell) for cell in row] for row in cells])


def value_per_row(value: Value, predictions: Predictions, amounts: Amounts = NO_AMOUNTS) -> Floats | None:
    """The value of each row with known truth in `value.unit`, (n,); None for more than two classes, and where it needs
    more than the outcome and `amounts`.
    """
    if value.function or not set(value.columns) <= set(amounts):
        return None
    if not predictions.task.classification:
        errors: Floats = _amount(value.per_absolute_error, amounts) * np.abs(predictions.truth - predictions.predicted)
        return errors
    if len(predictions.classes) != 2:
        return None
    return value_of_claims(value, predictions, claims(predictions, value.threshold), amounts)


def claims(predictions: Predictions, threshold: float) -> Mask:
    """The rows that are taken as a yes, (n,): a chance of `threshold` or more of the positive class, or, from a model
    without chances, its class.
    """
    if predictions.probability is None:
        said: Mask = predictions.predicted == predictions.positive
        return said
    return predictions.chance() >= threshold


def value_of_claims(value: Value, predictions: Predictions, claimed: Mask, amounts: Amounts = NO_AMOUNTS) -> Floats:
    """The value of each row, (n,), when the rows in `claimed` are taken as a yes."""
    right, missed, wrong, left = (
        _amount(figure, amounts)
        for figure in (value.true_positive, value.false_negative, value.false_positive, value.true_negative)
    )
    return np.where(predictions.is_positive(), np.where(claimed, right, missed), np.where(claimed, wrong, left))


def _amount(figure: Figure, amounts: Amounts) -> Floats | float:
    return amounts[figure] if isinstance(figure, str) else float(figure)
