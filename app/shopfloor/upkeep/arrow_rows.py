"""Rows of an answer by Arrow, for the types that DuckDB's own Python values cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa


def arrow_rows(reader: pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    """The rows of all batches as Python values."""
    for batch in reader:
        yield from zip(*[_values(column) for column in batch.columns], strict=True)


def _values(column: pa.Array) -> list[Any]:
    """A column as Python values; what Python cannot hold (a year 294247) as text."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        values = column.cast(pa.string()).to_pylist()
    return values
