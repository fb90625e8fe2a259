"""When the rows of a model are: its time column, whatever it is written as, in microseconds since 1970.

The one place that decides it: split, blocks, charts and checks read it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME, Timestamps, parse_column
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.time_notation import TimeNotation, not_a_time, notation_of_numbers, notation_of_texts

Micros = NDArray[np.int64]


def row_times(series: pd.Series[Any]) -> Micros:
    """Microseconds since 1970 (UTC) of every row, `NO_TIME` where it has none.

    A year, month, quarter or week is its first moment. Raises `DataError` for a column that does not say when.
    """
    name, kind = str(series.name), getattr(series.dtype, "kind", "O")
    if kind == "b":
        raise not_a_time(name, "true and false")
    if kind in "iuf":
        return _of_numbers(name, series)
    if kind == "M":
        values = parse_column(series, Column(name=name, type=ColumnType.TIMESTAMP))
        assert isinstance(values, Timestamps)
        return values.micros
    codes, levels = pd.factorize(series)
    if not len(levels):
        return np.full(len(series), NO_TIME, dtype=np.int64)
    texts = [str(level) for level in levels]  # a date is written as ISO has it
    return _by_level(notation_of_texts(name, texts), texts)[codes]


def known_row_times(series: pd.Series[Any] | None) -> pd.Series[Any] | None:
    """`row_times` as timestamps without a zone, with the index of `series`; None without any."""
    try:
        micros = None if series is None else row_times(series)
    except DataError:
        return None
    if series is None or micros is None or bool((micros == NO_TIME).all()):
        return None
    return pd.Series(micros.view("datetime64[us]"), index=series.index, name=series.name)


def _of_numbers(name: str, series: pd.Series[Any]) -> Micros:
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    micros = np.full(len(values), NO_TIME, dtype=np.int64)
    if not known.any():
        return micros
    notation = notation_of_numbers(name, float(values[known].min()), float(values[known].max()))
    if notation.factor is not None:
        micros[known] = np.round(values[known] * notation.factor).astype(np.int64)
        return micros
    levels, codes = np.unique(values[known], return_inverse=True)
    micros[known] = _by_level(notation, [str(int(level)) if level.is_integer() else "" for level in levels])[codes]
    return micros


def _by_level(notation: TimeNotation, texts: list[str]) -> Micros:
    """The moment of each level, and last that of none."""
    found = (notation.micros(text) for text in texts)
    return np.array([*(NO_TIME if one is None else one for one in found), NO_TIME], dtype=np.int64)
