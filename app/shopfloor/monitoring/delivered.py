"""The rows of a delivery: what is known of all of them, column by column, and those that are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shopfloor.artifacts.row_times import known_row_times
from shopfloor.artifacts.table import factor_of
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.handles import PartFile
from shopfloor.lake.frame import coded_texts, read_columns, read_parts, series_of
from shopfloor.monitoring.bins import read_values
from shopfloor.monitoring.check_context import InputColumn, InputRows
from shopfloor.monitoring.records import FeatureReference, Reference
from shopfloor.monitoring.stored import MOST_INPUT_ROWS
from shopfloor.statistics.arrays import Codes, evenly

if TYPE_CHECKING:
    import pyarrow as pa

_EARLIEST = 0.02


def delivered_rows(
    parts: tuple[PartFile, ...],
    columns: tuple[Column, ...],
    reference: Reference,
    definition: ModelDefinition,
    at: datetime,
    name: str = "",
    amounts: Iterable[str] = (),
) -> InputRows:
    """A delivery: the features of the reference, and id, time, target and `amounts`. It is called `name`, or
    by the content of its parts; without times it is about the moment `at`.

    Features are looked at in every row. Of very many rows only some stay in memory, evenly spaced in time.
    """
    features = {feature.name: feature for feature in reference.features}
    facts = _facts(definition, columns, amounts)
    wanted = [column.name for column in columns if column.name in features or column.name in facts]
    kept = _kept(parts, columns, definition.time if definition.time in wanted else None)
    whole, some, seen = {}, {}, {}
    for column, values in read_columns(parts, columns, wanted):
        # What stays is made before what goes, so that it lies close together.
        some[column.name] = series_of(values if kept is None else values.take(kept), column.type)
        series = some[column.name] if kept is None else series_of(values, column.type)
        if column.name in facts:
            whole[column.name] = series
        if column.name in features:
            seen[column.name] = _seen(values, series.rename(column.name), column, features[column.name])
    rows = sum(part.rows for part in parts)
    every = pd.DataFrame(whole, index=pd.RangeIndex(rows), copy=False)
    frame = pd.DataFrame(some, index=pd.RangeIndex(rows if kept is None else len(kept)), copy=False)
    if kept is not None:
        frame.index = pd.Index(kept)
    begins, moment = _span_of(every, definition.time)
    return InputRows(
        data=name or data_name(parts), moment=moment or at, begins=begins, frame=frame, facts=every, seen=seen
    )


def data_name(parts: Sequence[PartFile]) -> str:
    """What results of checks call the rows of a delivery: the content of its parts."""
    return hashlib.sha256("\n".join(part.sha256 for part in parts).encode()).hexdigest()[:16]


def in_order(frame: pd.DataFrame, time: str | None) -> pd.DataFrame:
    """The rows in the order of their times; as they are without any."""
    times = known_row_times(frame[time]) if time is not None and time in frame.columns else None
    return frame if times is None else frame.loc[times.sort_values(kind="stable").index]


def _facts(definition: ModelDefinition, columns: Sequence[Column], amounts: Iterable[str]) -> set[str]:
    """What is asked of the rows beside their features."""
    spelled = ColumnNames(column.name for column in columns).spelled
    named = (definition.time, definition.id, definition.target, *definition.segment_by)
    return {column for column in named if column} | {*definition.monitoring.fairness} | set(map(spelled, amounts))


def _kept(parts: Sequence[PartFile], columns: Sequence[Column], time: str | None) -> Codes | None:
    """The places of the rows that stay in memory; None for all of them."""
    rows = sum(part.rows for part in parts)
    if rows <= MOST_INPUT_ROWS:
        return None
    ordered = in_order(read_parts(parts, columns, [time] if time else []), time)
    return np.sort(ordered.index.to_numpy(dtype=np.intp)[evenly(rows, MOST_INPUT_ROWS)])


def _seen(values: pa.ChunkedArray, series: pd.Series[Any], column: Column, feature: FeatureReference) -> InputColumn:
    if column.type is ColumnType.TEXT and feature.type is ColumnType.TEXT:
        codes, texts = coded_texts(values)
        return InputColumn.of(factor_of(codes, texts.tolist(), column.name), codes < 0, feature)
    return InputColumn.of(read_values(series, feature), series.isna().to_numpy(dtype=np.bool_), feature)


def _span_of(frame: pd.DataFrame, time: str | None) -> tuple[datetime | None, datetime | None]:
    """When the rows begin (but for the earliest fiftieth) and their median time; None without times."""
    if time is None or time not in frame.columns:
        return None, None
    times = known_row_times(frame[time])
    if times is None:
        return None, None
    known = times.dropna().to_numpy(dtype="datetime64[us]").astype(np.int64)
    first, middle = np.quantile(known, [_EARLIEST, 0.5])
    return datetime.fromtimestamp(float(first) / 1e6, UTC), datetime.fromtimestamp(float(middle) / 1e6, UTC)
