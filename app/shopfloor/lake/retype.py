"""Stored values under another type than they were written with.

A part never changes; a version that says another type reads it through a cast. The cast to text is
DuckDB's everywhere (Arrow writes 1.0 as "1" and microseconds that are none), and a cast that would
change a value is found before a version with that type is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import EXACT, Column, ColumnType
from shopfloor.duck.sql import SQL_TYPES, name, text, texts
from shopfloor.lake.objects import verify_published

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_TIMES = frozenset({"DATE", "TIMESTAMP"})


def cast_failures(connection: DuckDBPyConnection, paths: Sequence[str], column: Column) -> int:
    """How many values that the parts at `paths` store would not stay what they are as `column.type`."""
    found = 0
    for stored, held in by_stored_type(connection, paths, column.name).items():
        changes = _changes(stored, column.type)
        if changes:
            query = (
                f"SELECT count_if({changes}) FROM (SELECT {name(column.name)} AS v FROM read_parquet({texts(held)}))"
            )
            found += int(connection.execute(query).fetchall()[0][0])
    return found


def has_values(connection: DuckDBPyConnection, paths: Sequence[str], column: str) -> bool:
    """True when any of the parts at `paths` stores a value of the column."""
    for held in by_stored_type(connection, paths, column).values():
        query = f"SELECT count({name(column)}) FROM read_parquet({texts(held)})"
        if connection.execute(query).fetchall()[0][0]:
            return True
    return False


def as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values as DuckDB writes them: 1.0, true, 2026-01-31, 2026-01-31 08:30:00."""
    import duckdb
    import pyarrow as pa

    table = pa.table({"v": values})
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.from_arrow(table).project("v::VARCHAR AS v").to_arrow_table()
    return found.column("v").cast(pa.large_string())


def by_stored_type(connection: DuckDBPyConnection, paths: Sequence[str], column: str) -> dict[str, list[str]]:
    """The paths of parts that have the column, by the type that they store it with.

    Raises `IntegrityError` for a damaged one: what is stored is read next.
    """
    if not paths:
        return {}
    import duckdb

    try:
        rows: list[tuple[Any, ...]] = connection.execute(
            "SELECT file_name, type, converted_type, logical_type::VARCHAR FROM "
            f"parquet_schema({texts(list(paths))}) WHERE name = ? AND type IS NOT NULL ORDER BY file_name",
            [column],
        ).fetchall()
    except duckdb.Error:
        verify_published(map(Path, paths))  # the reason, where it is one of them
        raise
    verify_published(Path(row[0]) for row in rows)
    example: dict[tuple[Any, ...], list[str]] = {}
    for path, *kind in rows:
        example.setdefault(tuple(kind), []).append(path)
    found: dict[str, list[str]] = {}
    for held in example.values():
        described = connection.execute(f"DESCRIBE SELECT {name(column)} FROM read_parquet({text(held[0])})").fetchall()
        found.setdefault(str(described[0][1]), []).extend(held)
    return found


def _changes(stored: str, kind: ColumnType) -> str:
    """SQL that is true for a `v` of DuckDB's type `stored` that would not be the same as `kind`."""
    wanted = SQL_TYPES[kind]
    if kind is ColumnType.UNKNOWN:
        return "v IS NOT NULL"
    if stored == wanted or kind is ColumnType.TEXT or (stored, kind) == ("DATE", ColumnType.TIMESTAMP):
        return ""
    if stored == "BIGINT" and kind is ColumnType.NUMBER:
        return f"v NOT BETWEEN -{EXACT} AND {EXACT}"
    made = f"TRY_CAST(v AS {wanted})"
    if stored == "VARCHAR" and kind is ColumnType.INTEGER:
        # DuckDB makes 2 of '1.5'.
        same = f"{made}::DOUBLE = TRY_CAST(v AS DOUBLE)"
    elif stored == "VARCHAR" and kind is ColumnType.DATE:
        same = f"{made}::TIMESTAMP = TRY_CAST(v AS TIMESTAMP)"
    elif stored == "VARCHAR":
        same = f"{made} IS NOT NULL"
    elif stored in _TIMES and not kind.temporal:
        same = "false"
    else:
        same = f"TRY_CAST({made} AS {stored}) = v"
    return f"v IS NOT NULL AND NOT coalesce({same}, false)"
