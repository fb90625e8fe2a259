"""Many rows in one statement, handed over as JSON texts of columns.

A prepared parameter costs DuckDB about 7 µs to bind (measured on 2.0.0): 2,000 ledger rows of 22
columns take 330 ms as parameters and 24 ms as JSON rows; 40,000 rows of 16 columns take 210 ms as JSON
rows and 140 ms as JSON columns. Below a score of rows the parameters win. One text of 40,000
rows takes twice as long as texts of 500, which fit into its vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import duckdb
import msgspec

from shopfloor.domain.codec import to_text

FEW = 20
_CHUNK = 500


class _Layout(NamedTuple):
    """The types of a table's columns, in order, and the columns of its primary key."""

    kinds: dict[str, str]
    key: tuple[str, ...]


_LAYOUTS: dict[str, _Layout] = {}
# What JSON has no word for travels as text (bytes in base64) and is cast on arrival.
_AS_TEXT = frozenset({"BLOB", "JSON", "TIMESTAMP", "VARIANT"})
_FROM_TEXT = {"BLOB": "from_base64({})", "VARIANT": "{}::JSON::VARIANT"}
_PARAMETER = {"VARIANT": _FROM_TEXT["VARIANT"].format("?")}  # else it would be a VARIANT that holds the JSON text
BLOBS = """SELECT from_base64(unnest(from_json(t, '["VARCHAR"]'))) FROM (SELECT unnest(?::VARCHAR[]) AS t)"""
"""A query whose rows are the values that its one parameter brings, which `blobs` makes."""


def write(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]], *, replace: bool
) -> None:
    """Insert `rows`, which share their columns, or with `replace` put them by primary key. Times are UTC."""
    if not rows:
        return
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    columns = tuple(rows[0])
    into = f"{verb} INTO {table} ({', '.join(columns)})"
    if len(rows) <= FEW:
        marks = _marks(connection, table, columns)
        mark = f"({', '.join(marks)})"
        values = [_naive(row[column]) for row in rows for column in columns]
        connection.execute(f"{into} VALUES {', '.join(mark for _ in rows)}", values)
        return
    _write_many(connection, table, into, {column: [row[column] for row in rows] for column in columns})


def put(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any], *, there: bool | None) -> None:
    """Put one row by its primary key; `there` says whether it is there, None that nobody looked.

    An update and an insert take a third of the time of DuckDB's `INSERT OR REPLACE` (measured on 2.0.0).
    """
    key = primary_key(connection, table)
    others = [column for column in row if column not in key]
    if there is not False:
        marks = _marks(connection, table, others)
        changes = ", ".join(f"{column} = {mark}" for column, mark in zip(others, marks, strict=True))
        values = [_naive(row[column]) for column in (*others, *key)]
        updated = connection.execute(f"UPDATE {table} SET {changes} WHERE {_equal(key)}", values).fetchone()
        if updated is not None and updated[0]:
            return
    write(connection, table, [row], replace=False)


def row(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[Any]) -> dict[str, Any] | None:
    """One row by its key, its columns by name."""
    condition = _equal(primary_key(connection, table))
    found = connection.execute(f"SELECT * FROM {table} WHERE {condition}", list(key)).fetchone()
    return None if found is None else named(connection, table, found)


def named(connection: duckdb.DuckDBPyConnection, table: str, values: Sequence[Any]) -> dict[str, Any]:
    """All values of a row by the names of their columns."""
    return dict(zip(_layout(connection, table).kinds, values, strict=True))


def primary_key(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, ...]:
    """The columns of a table's primary key."""
    return _layout(connection, table).key


def _marks(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[str]:
    """A parameter a column."""
    kinds = _layout(connection, table).kinds
    return [_PARAMETER.get(kinds[column], "?") for column in columns]


def _equal(key: Sequence[str]) -> str:
    return " AND ".join(f"{column} = ?" for column in key)


def _layout(connection: duckdb.DuckDBPyConnection, table: str) -> _Layout:
    """The same in every database of the newest schema."""
    if table not in _LAYOUTS:
        info = connection.execute(f"PRAGMA table_info({table})").fetchall()
        _LAYOUTS[table] = _Layout({row[1]: row[2] for row in info}, tuple(row[1] for row in info if row[5]))
    return _LAYOUTS[table]


def insert_columns(connection: duckdb.DuckDBPyConnection, table: str, values: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows given column by column: where there are tens of thousands, no row becomes an object."""
    _write_many(connection, table, f"INSERT INTO {table} ({', '.join(values)})", values)


def blobs(values: Sequence[bytes]) -> list[str]:
    """The parameter of `BLOBS`: tens of thousands of values in a third of the time of one text in hex."""
    return [msgspec.json.encode(values[start : start + _CHUNK]).decode() for start in range(0, len(values), _CHUNK)]


def _write_many(
    connection: duckdb.DuckDBPyConnection, table: str, into: str, values: Mapping[str, Sequence[Any]]
) -> None:
    """Columns as JSON texts; one with the same value in every row is sent once."""
    first, *others = values
    apart = (first, *(column for column in others if not _is_same(values[column])))
    same = [_naive(values[column][0]) for column in others if column not in apart]
    kinds = tuple(_kinds(connection, table).items())
    shape, lists, items = _reading(tuple(values), apart, kinds)
    count = len(values[first])
    texts = [
        msgspec.json.encode({column: values[column][start : start + _CHUNK] for column in apart}).decode()
        for start in range(0, count, _CHUNK)
    ]
    source = "SELECT from_json(t::JSON, ?) AS r FROM (SELECT unnest(?::VARCHAR[]) AS t)"
    connection.execute(f"{into} SELECT {items} FROM (SELECT {lists} FROM ({source}))", [*same, shape, texts])


def _is_same(column: Sequence[Any]) -> bool:
    # Not of floats, where 0.0 equals -0.0.
    return not isinstance(column[0], float) and column.count(column[0]) == len(column)


def _kinds(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()}


@lru_cache(maxsize=64)
def _reading(
    columns: tuple[str, ...], apart: tuple[str, ...], kinds: tuple[tuple[str, str], ...]
) -> tuple[str, str, str]:
    """The structure for `from_json`, the select items that unnest it, and those that make values of columns."""
    kind = dict(kinds)
    shape = {column: ["VARCHAR" if kind[column] in _AS_TEXT else kind[column]] for column in apart}
    lists = ", ".join(f"unnest(r.{column}) AS {column}" for column in apart)
    items = [
        _FROM_TEXT.get(kind[column], f"{{}}::{kind[column]}").format(column)
        if column in apart
        else _PARAMETER.get(kind[column], f"?::{kind[column]}")
        for column in columns
    ]
    return to_text(shape), lists, ", ".join(items)


def _naive(value: Any) -> Any:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return value
    return value.astimezone(UTC).replace(tzinfo=None)
