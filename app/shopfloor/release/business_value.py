"""What the challenger's predictions are worth by the team's own figures, paired with the champion's."""

from __future__ import annotations

from typing import Any

import numpy as np

from shopfloor.artifacts.value_function import function_values
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.definition import Value
from shopfloor.domain.errors import DataError
from shopfloor.domain.text import safe
from shopfloor.release.eligible import Eligible
from shopfloor.release.records import GateSpec
from shopfloor.statistics.arrays import Floats
from shopfloor.statistics.business_value import Amounts, claims, value_per_row
from shopfloor.statistics.frames import read_numbers
from shopfloor.statistics.paired import Comparison, from_influence
from shopfloor.statistics.predictions import Predictions


def change(spec: GateSpec, value: Value, chosen: Eligible) -> Comparison | None:
    """Gain in value per row, with its interval; None for targets with more than two classes, or without a champion.

    Raises `DataError` where the rows lack what the terms need.
    """
    if chosen.champion is None:
        return None
    new, old = (_per_row(spec, value, chosen, side) for side in (chosen.challenger, chosen.champion))
    if new is None or old is None:
        return None
    difference = new - old
    gain = float(difference.mean())
    return from_influence(gain, difference - gain, chosen.blocks, spec.definition.release.alpha, "paired test")


def _per_row(spec: GateSpec, value: Value, chosen: Eligible, side: Predictions) -> Floats | None:
    if value.function and (not side.task.classification or len(side.classes) == 2):
        return _by_function(spec, value, chosen, side)
    return value_per_row(value, side, _amounts(value, chosen))


def _amounts(value: Value, chosen: Eligible) -> Amounts:
    """A missing amount counts as 0, as it does in what is realised."""
    columns = ColumnNames(map(str, chosen.frame.columns))
    missing = [name for name in value.columns if name not in columns]
    if missing:
        raise DataError(f"the rows have no column {safe(missing[0], 60)!r}, which [value] names", code="value_column")
    return {name: np.nan_to_num(read_numbers(chosen.frame[columns.spelled(name)])) for name in value.columns}


def _by_function(spec: GateSpec, value: Value, chosen: Eligible, side: Predictions) -> Floats:
    """As it is asked about decisions that were served: with the inputs, `prediction` and `actual`."""
    predicted, actual = side.predicted, side.truth
    if side.task.classification:
        labels = np.array(side.classes, dtype=object)
        yes, no = side.positive, 1 - side.positive
        predicted, actual = labels[np.where(claims(side, value.threshold), yes, no)], labels[side.truth]
    own: dict[str, Any] = {"prediction": predicted, "actual": actual}
    if spec.definition.id in chosen.frame:
        own["association_id"] = chosen.frame[spec.definition.id].astype(str)
    return function_values(value.function, spec.value_source, chosen.frame.assign(**own))
