"""What the challenger's predictions are worth by the team's own figures, paired with the champion's."""

from __future__ import annotations

from shopfloor.domain.definition import Value
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.business_value import value_per_row
from shopfloor.statistics.paired import Comparison, from_influence
from shopfloor.statistics.predictions import Predictions


def change(
    value: Value, challenger: Predictions, champion: Predictions, blocks: Blocks, alpha: float
) -> Comparison | None:
    """Gain in value per row, with its interval; None for targets with more than two classes."""
    new, old = value_per_row(value, challenger), value_per_row(value, champion)
    if new is None or old is None:
        return None
    difference = new - old
    gain = float(difference.mean())
    return from_influence(gain, difference - gain, blocks, alpha, "paired test")
