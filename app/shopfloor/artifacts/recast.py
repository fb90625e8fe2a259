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


def predict_recast(model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """What `model` says of rows in which a column may have become text since it was trained.

    It reads that as it knows it; rows where that cannot be are rows that it does not answer.
    """
    unread = pd.Series(False, index=frame.index)
    for column in model.columns:
        if column.name in frame:
            known = recast(frame[column.name], column.type)
            unread |= known.isna() & frame[column.name].notna()
            frame = frame.assign(**{column.name: known})
    predictions: pd.DataFrame = model.predict_frame(frame)
    return predictions.mask(unread) if unread.any() else predictions
