"""Columns that repeat a part of the rows' time, or name the rows: they change because time goes on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME, Categorical, Timestamps, Values
from shopfloor.statistics.arrays import Floats

_ALIKE = 0.9
"""Of the rows: near midnight the column may be of another zone than the time."""
_FEWEST = 3
_LEAST_WORDS = 50
_RISING = 0.8
_WRITTEN = ("%Y", "%Y-%m", "%Y-%m-%d")


def follows_time(values: Values, micros: NDArray[np.int64] | None) -> bool:
    """Whether a column is a time, counts on, has ever new words, or holds one value which is that part of nearly all
    rows' times.

    `micros` are the rows' times in microseconds since 1970 in UTC, (rows,); without them rows count as in order of
    time. The next year (month, day) has another value, which tells nothing, and so has the next number of a counter, or
    the id of the next row.
    """
    if isinstance(values, Timestamps):
        return True
    if _renews(values, micros) if isinstance(values, Categorical) else _counts_on(values, micros):
        return True
    value = _only(values)
    if value is None or micros is None or not bool((micros != NO_TIME).any()):
        return False
    times = pd.DatetimeIndex(micros[micros != NO_TIME].astype("datetime64[us]"))
    if isinstance(value, str):
        return any(_mostly(times.strftime(form) == value) for form in _WRITTEN)
    parts = (times.year, times.quarter, times.month, times.isocalendar().week, times.day, times.day_of_year)
    return any(_mostly(np.asarray(part == value)) for part in parts)


def _renews(words: Categorical, micros: NDArray[np.int64] | None) -> bool:
    """Whether nearly all rows of each of the two newest fifths have a word that no row before their fifth has: ids,
    numbers and times written as text. Once may be a fault of the newest delivery.
    """
    rows = np.flatnonzero(words.codes >= 0)
    codes = words.codes[rows if micros is None else rows[np.argsort(micros[rows], kind="stable")]]
    if len(codes) < _LEAST_WORDS:
        return False
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    since = first[place]
    begins = np.flatnonzero(since == np.arange(len(codes)))  # where a word stands for the first time
    return all(_is_new(since, begins, *(len(codes) * fifth // 5 for fifth in fifths)) for fifths in ((3, 4), (4, 5)))


def _is_new(since: NDArray[np.intp], begins: NDArray[np.intp], start: int, end: int) -> bool:
    """The same of the rows from `start` to `end`; a word that began before `start` may go on for half of them."""
    later = begins[(begins >= start) & (begins < (start + end) / 2)]
    return len(later) > 0 and _mostly(since[later[0] : end] >= later[0])


def _counts_on(numbers: Floats, micros: NDArray[np.int64] | None) -> bool:
    """Whether whole numbers are different in every row, or numbers rise (fall) with time."""
    rows = np.flatnonzero(np.isfinite(numbers))
    present = numbers[rows]
    distinct = len(np.unique(present))
    if distinct < _FEWEST:
        return False
    if distinct == len(present) and bool((present == np.round(present)).all()):
        return True
    order = rows if micros is None else micros[rows]
    values, times = (np.argsort(np.argsort(one, kind="stable"), kind="stable") for one in (present, order))
    return abs(float(np.corrcoef(values, times)[0, 1])) >= _RISING


def _only(values: Values) -> float | str | None:
    """The one value of a column; None where it has several or none."""
    if isinstance(values, Categorical):
        used = np.unique(values.codes[values.codes >= 0])
        return values.levels[int(used[0])] if len(used) == 1 else None
    if isinstance(values, Timestamps):
        return None
    present = values[np.isfinite(values)]
    return float(present[0]) if len(present) and bool((present == present[0]).all()) else None


def _mostly(equal: NDArray[np.bool_]) -> bool:
    return float(equal.mean()) >= _ALIKE
