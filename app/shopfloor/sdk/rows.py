"""Rows of a notebook as JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from shopfloor.domain.errors import DataError
from shopfloor.domain.text import safe
from shopfloor.sdk.plain import plain

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Rows: TypeAlias = Iterable[Mapping[str, Any]] | pd.DataFrame | pa.Table | pa.RecordBatch

_SLICE = 5_000


def _cell(value: Any) -> Any:
    """What JSON has no word for. NaN, NaT and pandas.NA are missing, as None is; a time of numpy is a time."""
    if type(value).__name__ in {"NAType", "NaTType"} or (isinstance(value, Real) and value != value):
        return None
    if type(value).__name__ == "datetime64":
        text = str(value)
        return None if text == "NaT" else text
    return plain(value)


# A decimal is a number: as text it would be read in the format that the dataset pins for texts.
_encoder = msgspec.json.Encoder(enc_hook=_cell, decimal_format="number")


def json_lines(rows: Rows) -> Iterator[bytes]:
    """One JSON object a row, each with a line end: from dictionaries, a pandas frame (without its
    index), an Arrow table or batch. Missing values are null. Raises `DataError`."""
    for row in _records(rows):
        if not isinstance(row, Mapping):
            raise DataError(
                f"A row is a mapping of column to value, not {safe(type(row).__name__, 60)}.",
                hint='Give dictionaries such as {"id": 1, "age": 30}, a DataFrame or an Arrow table.',
                code="not_a_row",
            )
        yield _line(row)


def _records(rows: Any) -> Iterator[Any]:
    if hasattr(rows, "to_batches"):
        yield from _of_arrow(rows)
    elif hasattr(rows, "iloc"):
        import pyarrow as pa

        try:
            yield from _of_arrow(pa.Table.from_pandas(rows, preserve_index=False))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(
                f"The frame cannot be read as a table: {safe(error, 200)}",
                hint="Give every column a text name and a single type.",
                code="not_a_table",
            ) from error
    elif hasattr(rows, "to_pylist"):
        yield from rows.to_pylist()
    else:
        yield from rows


def _of_arrow(table: Any) -> Iterator[Any]:
    for batch in table.to_batches(max_chunksize=_SLICE):
        yield from batch.to_pylist()


def _line(row: Mapping[str, Any]) -> bytes:
    try:
        return _encoder.encode(row) + b"\n"
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"A row cannot be written as JSON: {safe(error, 200)}",
            hint="Use texts, numbers, booleans, dates, lists and dictionaries.",
            code="not_a_row",
        ) from error
