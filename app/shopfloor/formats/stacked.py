"""Columns one below the other, so that a question about each of them is written and planned once.

A query with an aggregate a column costs DuckDB the square of the columns to plan: minutes for 2,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST = 1000  # columns in one query: a vector of their values is 32 MB


def ask_each(
    connection: DuckDBPyConnection,
    rows: str,
    columns: Sequence[int],
    items: str,
    *,
    value: str = "r0",
    marks: Sequence[int] = (),
) -> dict[int, tuple[Any, ...]]:
    """The aggregates `items` over the values of each of `columns` in the subquery `rows`, by column.

    `items` may name r0, a value of the column, c0, which is `value` of it, and m0, the column's number among
    `marks`. Without rows there is no answer.
    """
    found: dict[int, tuple[Any, ...]] = {}
    for some, marked in _parts(columns, marks):
        raw = ", ".join(f"c{i}" for i in some)
        mark = f", unnest({list(marked)}) AS m0" if marked else ""
        stack = f"SELECT unnest({list(some)}) AS i, unnest([{raw}]) AS r0{mark} FROM {rows}"
        query = f"SELECT i, {items} FROM (SELECT *, {value} AS c0 FROM ({stack})) GROUP BY i"
        found |= {row[0]: row[1:] for row in connection.execute(query).fetchall()}
    return found


def _parts(columns: Sequence[int], marks: Sequence[int]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    for start in range(0, len(columns), _MOST):
        yield columns[start : start + _MOST], marks[start : start + _MOST]
