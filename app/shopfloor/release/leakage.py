"""Signs that a score is too good: a feature that holds the answer, a model that learned rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shopfloor.statistics.arrays import Codes, Floats
from shopfloor.statistics.auc import area, midranks
from shopfloor.statistics.frames import read_numbers
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

LEAK_LIMIT = 0.99
OVERFIT_LIMIT = 0.5
LEAST_ROWS = 500
"""Among fewer judged rows some column may order them by chance, or as an honest one does; a copy is one in any
number."""

_MOST_ROWS, _LEAST_SAMPLE, _MOST_VALUES = 20_000, 2_000, 1_000_000
_BINS, _BIN_ROWS = 64, 20
# A column this much better than the next one that says anything at all, and this good, is rarely known beforehand.
_JUMP, _JUMP_LEAST, _NEXT_LEAST, _ERRORS = 2.5, 0.85, 0.58, 3.0
_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class ColumnPower:
    """How well a column alone tells the target: AUC for two classes, the share of what the commonest class leaves that
    is told right for more, the absolute rank correlation for numbers.
    """

    column: str
    power: float


def lost_share(train_score: float, score: float, dummy_score: float) -> float | None:
    """Share of the gain over the constant model on training rows that is gone on the holdout.

    0 = as good on new rows, 1 = no better than a constant. None when there was no gain.
    """
    gain = train_score - dummy_score
    return None if gain <= 0 else (train_score - score) / gain


def column_powers(frame: pd.DataFrame, predictions: Predictions, skip: frozenset[str]) -> list[ColumnPower]:
    """Every column but those of `skip`, the most telling first.

    Out of fold: what a value (or a bin of numbers) stands for is learned on one half of the rows and scored on the
    other, and the other way round, so that a column that differs in every row, such as an id, tells nothing. Numbers
    and times are also taken as they are, in either direction.
    """
    names = [column for column in frame.columns if str(column) not in skip]
    most = min(_MOST_ROWS, max(_LEAST_SAMPLE, _MOST_VALUES // max(1, len(names))))
    rows = np.arange(0, len(frame), max(1, len(frame) // most), dtype=np.intp)
    frame, predictions = frame.iloc[rows], predictions.take(rows)
    found = [ColumnPower(str(name), _power(frame[name], predictions)) for name in names]
    return sorted(found, key=lambda one: -one.power)


def is_copy(values: pd.Series[Any], predictions: Predictions) -> bool:
    """Whether a column is the target itself, maybe in other words: each of its values stands for one class and each
    class for one value, or its numbers are the target's. `values` are of the rows of `predictions`, (n,).
    """
    if not predictions.task.classification:
        numbers = read_numbers(values)
        return np.allclose(numbers, predictions.truth, rtol=1e-9)
    codes, found = values.factorize()
    if len(found) != len(np.unique(predictions.truth)) or (codes < 0).any():
        return False
    return len(np.unique(np.stack([codes, predictions.truth]), axis=1).T) == len(found)


def _auc_error(predictions: Predictions) -> float:
    return float(np.sqrt((1.0 / predictions.class_rows().clip(1)).sum() / 12.0))


def suspects(powers: list[ColumnPower], predictions: Predictions) -> list[ColumnPower]:
    """Those of `powers`, best first, that nearly give the target away, or stand far above the next best.

    The jump is measured for two classes, where .5 is chance: twice and a half as far from it as the next column, which
    must say something itself, beyond what a column may by chance in the rows of `predictions`.
    """
    certain = [one for one in powers if one.power >= LEAK_LIMIT]
    if len(predictions.classes) != 2:
        return certain
    needed = max(_NEXT_LEAST, 0.5 + _ERRORS * _auc_error(predictions))
    rest = powers[len(certain) :]
    for count in range(min(_TOGETHER, len(rest) - 1), 0, -1):
        last, following = rest[count - 1].power, rest[count].power
        if last >= _JUMP_LEAST and following >= needed and last - 0.5 >= _JUMP * (following - 0.5):
            return [*certain, *rest[:count]]
    return certain


def _power(column: pd.Series[Any], predictions: Predictions) -> float:
    bins, numbers = _bins(column)
    if bins is None:
        return 0.0
    if not predictions.task.classification:
        told = [] if numbers is None else [_correlation(numbers, predictions.truth)]
        return max([_correlation(_means(bins, predictions.truth), predictions.truth), *told])
    if len(predictions.classes) != 2:
        return _beyond_chance(bins, predictions.truth.astype(np.intp), len(predictions.classes))
    positive = predictions.is_positive()
    alone = [] if numbers is None else [_either(area(numbers, positive))]
    return max([_known(area(_means(bins, positive.astype(np.float64)), positive)), *alone])


def _bins(column: pd.Series[Any]) -> tuple[Codes | None, Floats | None]:
    """A column as small numbers that share a value or lie together, and as numbers where it has an order."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        numbers = column.to_numpy(dtype="datetime64[us]").astype(np.float64)
        numbers[column.isna().to_numpy()] = np.nan
    elif pd.api.types.is_numeric_dtype(column.dtype):
        numbers = read_numbers(column)
    else:
        codes, levels = pd.factorize(column, use_na_sentinel=False)
        return (codes.astype(np.intp), None) if len(levels) > 1 else (None, None)
    known = np.isfinite(numbers)
    if not known.any():
        return None, None
    cuts = min(_BINS, max(2, len(numbers) // _BIN_ROWS))
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, cuts + 1)[1:-1]))
    places = np.where(known, np.searchsorted(edges, numbers, side="left"), len(edges) + 1)
    return places.astype(np.intp), np.where(known, numbers, np.finfo(np.float64).min)


def _halves(rows: int) -> tuple[tuple[Codes, Codes], tuple[Codes, Codes]]:
    """Where to learn and where to score, twice; neighbours are in different halves."""
    even, odd = np.arange(0, rows, 2, dtype=np.intp), np.arange(1, rows, 2, dtype=np.intp)
    return (even, odd), (odd, even)


def _means(bins: Codes, truth: Floats) -> Floats:
    """The mean truth of each row's bin in the other half, less its chance by the rows there are; (n,)."""
    found = np.empty(len(bins))
    size = int(bins.max()) + 1
    for learn, score in _halves(len(bins)):
        rows = np.bincount(bins[learn], minlength=size)
        sums = np.bincount(bins[learn], weights=truth[learn], minlength=size)
        prior = float(truth[learn].mean()) if len(learn) else 0.0
        # One row's worth of the mean of all: a value seen once says little. Both halves are put on one scale.
        found[score] = ((sums + prior) / (rows + 1))[bins[score]] - prior
    return found


def _beyond_chance(bins: Codes, truth: Codes, classes: int) -> float:
    right = chance = 0
    size = int(bins.max()) + 1
    for learn, score in _halves(len(bins)):
        table = np.bincount(bins[learn] * classes + truth[learn], minlength=size * classes).reshape(size, classes)
        commonest = int(np.bincount(truth[learn], minlength=classes).argmax())
        guess = np.where(table.any(axis=1), table.argmax(axis=1), commonest)[bins[score]]
        right += int((guess == truth[score]).sum())
        chance += int((truth[score] == commonest).sum())
    return max(0.0, (right - chance) / (len(bins) - chance)) if chance < len(bins) else 0.0


def _either(auc: float) -> float:
    return max(_known(auc), _known(1.0 - auc))


def _known(value: float) -> float:
    return value if value == value else 0.0


def _correlation(values: Floats, truth: Floats) -> float:
    left, right = midranks(values), midranks(truth)
    left, right = left - left.mean(), right - right.mean()
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return abs(float((left * right).sum())) / scale if scale > 0 else 0.0
