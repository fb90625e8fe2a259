"""A window of the rows of a dataset version, as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import Column
from shopfloor.domain.handles import PartFile
from shopfloor.domain.text import safe
from shopfloor.duck.sql import SQL_TYPES, name, text
from shopfloor.lake.objects import verify_parts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 200  # characters of a value


def preview(
    connection: DuckDBPyConnection,
    parts: Sequence[PartFile],
    columns: Sequence[Column],
    limit: int,
    offset: int = 0,
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Column names and rows `offset` to `offset + limit`, in order, as printable text.

    Missing values are empty, long values cut to 200 characters. Only parts that hold such rows
    are read. Raises `IntegrityError` for a damaged one.
    """
    names = [safe(column.name) for column in columns]
    rows: list[tuple[str, ...]] = []
    for part in parts:
        if offset >= part.rows:
            offset -= part.rows
            continue
        if len(rows) >= limit:
            break
        verify_parts([part])
        items = ", ".join(f"c{i}::VARCHAR" for i in range(len(columns)))
        query = (
            f"SELECT {items} FROM {_source(connection, part, columns)} "
            f"WHERE n >= {int(offset)} AND n < {int(offset) + int(limit) - len(rows)} ORDER BY n"
        )
        rows += [_printable(row) for row in connection.execute(query).fetchall()]
        offset = 0
    return names, rows


def _printable(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple("" if value is None else safe(value, SHOWN) for value in row)


def _source(connection: DuckDBPyConnection, part: PartFile, columns: Sequence[Column]) -> str:
    """The rows of a part as c0, c1, … of the columns' types, and n, the row's number in it."""
    read = f"read_parquet({text(part.path)})"
    present = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()}
    items = [
        f"{name(column.name) if column.name in present else 'NULL'}::{SQL_TYPES[column.type]} AS c{i}"
        for i, column in enumerate(columns)
    ]
    return f"(SELECT {', '.join([*items, 'file_row_number AS n'])} FROM {read})"
