"""Rows and tables as plain frames, for estimators that take a frame (recipes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shopfloor.artifacts.table import Table, parse
from shopfloor.domain.columns import Column, ColumnType


def from_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> Table:
    """A table from single rows; absent fields count as missing."""
    frame = pd.DataFrame(
        {column.name: pd.Series([row.get(column.name) for row in rows], dtype=object) for column in columns}
    )
    return parse(frame, columns)


def to_frame(table: Table, columns: Sequence[Column]) -> pd.DataFrame:
    """The columns with one dtype a type: float64, str, datetime64[us], booleans as 0.0 and 1.0.

    Training and prediction hand a recipe the very same dtypes, whatever the file had.
    """
    return pd.DataFrame({column.name: _series(table, column) for column in columns})


def _series(table: Table, column: Column) -> pd.Series[Any]:
    if column.type is ColumnType.TEXT:
        factor = table.factor(column.name)
        levels = np.array([*factor.levels, np.nan], dtype=object)
        return pd.Series(levels[factor.codes], dtype="str")
    if column.type.temporal:
        return pd.Series(table.moments(column.name).micros.view("datetime64[us]"))
    return pd.Series(table.numbers(column.name))
