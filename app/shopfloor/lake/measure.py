"""The statistics of the columns of one part, in one pass over its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.text import safe
from shopfloor.duck.sql import text, typed
from shopfloor.lake import statistics
from shopfloor.lake.preview import SHOWN
from shopfloor.lake.statistics import Statistics

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_BATCH = 122_880  # rows of a row group, as DuckDB writes them
# A pass reads so many columns: the sketches of thousands at once would not stay in the cache.
_TOGETHER = 64


def present(connection: DuckDBPyConnection, part: PartFile) -> tuple[str, ...]:
    """The names of the columns that a part stores."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {_read(part)}").fetchall()
    return tuple(row[0] for row in rows)


def measure(connection: DuckDBPyConnection, part: PartFile, columns: Sequence[Column]) -> list[Statistics]:
    """One for each of `columns`, all of which the part stores, with values as the column's type.

    Raises `DataError` for values that cannot be read as that type.
    """
    found: list[Statistics] = []
    for first in range(0, len(columns), _TOGETHER):
        found += _pass(connection, part, columns[first : first + _TOGETHER])
    return found


def _pass(connection: DuckDBPyConnection, part: PartFile, columns: Sequence[Column]) -> list[Statistics]:
    found = [statistics.nothing() for _ in columns]
    try:
        for batch in _batches(connection, part, columns):
            for i, column in enumerate(columns):
                values, hashes = batch.column(2 * i), batch.column(2 * i + 1)
                missing = values.null_count
                if missing:
                    hashes, values = hashes.filter(values.is_valid()), values.drop_null()
                numbers = np.asarray(hashes.to_numpy(zero_copy_only=False), dtype=np.uint64)
                found[i] = found[i].with_values(column.type, values, numbers, missing)
    except duckdb.ConversionException as error:
        raise DataError(
            f"Part {part.sha256[:12]} holds values that cannot be read as its column's type: "
            f"{safe(str(error).partition(chr(10))[0], 160)}",
            hint="Set the column's type in the contract back to what the part was written with.",
            code="column_retyped",
        ) from None
    return found


def _batches(connection: DuckDBPyConnection, part: PartFile, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
    """Of each column its values and their hashes."""
    items: list[str] = []
    for column in columns:
        shown = value = typed(column)
        if column.type is ColumnType.TEXT:
            shown = f"left({value}, {SHOWN})"
        elif column.type is ColumnType.BOOLEAN:
            shown = f"{value}::VARCHAR"
        items += [shown, f"hash({value})"]
    numbered = ", ".join(f"{item} AS c{i}" for i, item in enumerate(items))
    yield from connection.sql(f"SELECT {numbered} FROM {_read(part)}").to_arrow_reader(_BATCH)


def _read(part: PartFile) -> str:
    return f"read_parquet({text(part.path)})"
