"""The rows of several parts as one query, with a version's columns and types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sql import SQL_TYPES, name, text, texts
from shopfloor.lake.objects import verify_parts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def only_in(parts: Sequence[PartFile], others: Sequence[PartFile]) -> list[PartFile]:
    """The parts that `others` do not hold; a part that is held twice counts twice."""
    held = Counter(part.sha256 for part in others)
    own: list[PartFile] = []
    for part in parts:
        if held[part.sha256] > 0:
            held[part.sha256] -= 1
        else:
            own.append(part)
    return own


def rows(
    connection: DuckDBPyConnection, parts: Sequence[PartFile], columns: Sequence[tuple[Column, ColumnType]]
) -> str:
    """A query for c0, c1, …: each column read as its own type and given as the other one.

    Neighbours of one layout are read together, so that the parts keep their order. A column that a part
    lacks is a typed null in its rows. Raises `IntegrityError` for a damaged part.
    """
    verify_parts(parts)
    layouts: list[tuple[list[tuple[str, str]], list[str]]] = []
    for part in parts:
        stored = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(part.path)})").fetchall()
        layout = [(row[0], row[1]) for row in stored]
        if not layouts or layouts[-1][0] != layout:
            layouts.append((layout, []))
        layouts[-1][1].append(part.path)
    selects = [_select({found for found, _ in layout}, paths, columns) for layout, paths in layouts]
    return " UNION ALL ".join(selects) or f"{_select(set(), [], columns)} WHERE false"


def named_rows(connection: DuckDBPyConnection, parts: Sequence[PartFile], columns: Sequence[Column]) -> str:
    """A query for the rows of `parts` under the names of a version's columns. Raises as `rows` does."""
    items = ", ".join(f"c{i} AS {name(column.name)}" for i, column in enumerate(columns))
    return f"SELECT {items} FROM ({rows(connection, parts, [(column, column.type) for column in columns])})"


def _select(stored: set[str], paths: list[str], columns: Sequence[tuple[Column, ColumnType]]) -> str:
    items = [f"{_stored(column, stored)}::{SQL_TYPES[given]} AS c{i}" for i, (column, given) in enumerate(columns)]
    return f"SELECT {', '.join(items)}" + (f" FROM read_parquet({texts(paths)})" if paths else "")


def _stored(column: Column, stored: set[str]) -> str:
    value = name(column.name) if column.name in stored else "NULL"
    return f"{value}::{SQL_TYPES[column.type]}"
