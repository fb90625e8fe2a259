"""What the challenger's answers are worth by the team's own figures, paired with the champion's."""

from __future__ import annotations

import numpy as np

from shopfloor.domain.definition import Value
from shopfloor.release.blocks import Blocks
from shopfloor.release.paired import Comparison, from_influence
from shopfloor.release.scored import FloatArray, Scored


def per_row(value: Value, scored: Scored) -> FloatArray | None:
    """The value of each row in `value.unit`, (n,); None for targets with more than two classes."""
    if not scored.task.classification:
        return value.per_absolute_error * np.abs(scored.target - scored.answer)
    if scored.classes != 2:
        return None
    truth = scored.target_code == scored.positive
    if scored.probability is None:
        claimed = scored.answer_code == scored.positive
    else:
        claimed = scored.chance() >= value.threshold
    table: FloatArray = np.array(
        [[value.true_negative, value.false_positive], [value.false_negative, value.true_positive]], dtype=np.float64
    )
    worth: FloatArray = table[truth.astype(np.intp), claimed.astype(np.intp)]
    return worth


def change(value: Value, challenger: Scored, champion: Scored, blocks: Blocks, alpha: float) -> Comparison | None:
    """Gain in value per row, with its interval."""
    new, old = per_row(value, challenger), per_row(value, champion)
    if new is None or old is None:
        return None
    difference = new - old
    gain = float(difference.mean())
    return from_influence(gain, difference - gain, blocks, alpha, "paired test")
