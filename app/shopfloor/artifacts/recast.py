"""A column that became text, as a model reads it that learnt it with another type."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shopfloor.domain.columns import ColumnType


def recast(series: pd.Series[Any], kind: ColumnType) -> pd.Series[Any]:
    """Text as values of `kind`; what is none of them is missing. A column that is no text stays as it is."""
    if kind is ColumnType.TEXT or getattr(series.dtype, "kind", "O") not in "OUT":
        return series
    if kind.numeric:
        return pd.to_numeric(series, errors="coerce").astype("float64")
    if kind.temporal:
        return pd.to_datetime(series, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
    return series.map({"true": True, "false": False}).astype("boolean")
