"""Statistics of the columns of a dataset version, and a window of its rows, through DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import ColumnProfile
from shopfloor.domain.handles import PartFile
from shopfloor.domain.text import safe
from shopfloor.lake.duck import name, texts
from shopfloor.lake.objects import verify

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BINS = 20
TOP = 10
# Beyond so many distinct values the most frequent ones say little and cost much.
_TOP_DISTINCT = 50_000
_SHOWN = 200
_SQL = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


def profile(
    connection: DuckDBPyConnection, parts: Sequence[PartFile], columns: Sequence[Column]
) -> list[ColumnProfile]:
    """One profile for each of `columns`, over all rows of `parts`; every part is verified first.

    `distinct` is approximate (HyperLogLog). `mean` is of finite numbers. Histograms have up to 20
    bins of equal width between the smallest and largest finite number, or time in epoch seconds;
    `edges` has one more entry than `histogram`. `top` is of text, booleans and whole numbers with
    at most 50,000 distinct values. Raises `IntegrityError` for a damaged part.
    """
    for part in parts:
        verify(Path(part.path), part.sha256)
    rows = sum(part.rows for part in parts)
    if not rows:
        return [_empty(column) for column in columns]
    source = _source(connection, parts, columns)
    basics = _basics(connection, source, columns)
    bins = _histograms(connection, source, columns, basics)
    return [_profile(connection, source, column, i, rows, basics[i], bins.get(i)) for i, column in enumerate(columns)]


def preview(
    connection: DuckDBPyConnection,
    parts: Sequence[PartFile],
    columns: Sequence[Column],
    limit: int,
    offset: int = 0,
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Column names and rows `offset` to `offset + limit`, in order, as printable text.

    Missing values are empty, long values cut to 200 characters. Only parts that hold such rows
    are read; they are not verified: this is for looking, not for computing.
    """
    names = [safe(column.name) for column in columns]
    rows: list[tuple[str, ...]] = []
    for part in parts:
        if offset >= part.rows:
            offset -= part.rows
            continue
        if len(rows) >= limit:
            break
        items = ", ".join(f"c{i}::VARCHAR" for i in range(len(columns)))
        query = (
            f"SELECT {items} FROM {_source(connection, [part], columns)} "
            f"WHERE n >= {int(offset)} AND n < {int(offset) + int(limit) - len(rows)} ORDER BY n"
        )
        rows += [_printable(row) for row in connection.execute(query).fetchall()]
        offset = 0
    return names, rows


def _printable(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple("" if value is None else safe(value, _SHOWN) for value in row)


def _source(connection: DuckDBPyConnection, parts: Sequence[PartFile], columns: Sequence[Column]) -> str:
    """The rows of all parts as c0, c1, … of the columns' types, and n, the row in its part."""
    files = texts([part.path for part in parts])
    read = f"read_parquet({files}, union_by_name = true)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
    present = {row[0] for row in described}
    items = [
        f"{name(column.name) if column.name in present else 'NULL'}::{_SQL[column.type]} AS c{i}"
        for i, column in enumerate(columns)
    ]
    return f"(SELECT {', '.join([*items, 'file_row_number AS n'])} FROM {read})"


def _basics(connection: DuckDBPyConnection, source: str, columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    """For each column: values, distinct, smallest and largest as text, mean, and smallest and
    largest as numbers; in one pass over all.
    """
    items: list[str] = []
    for i, column in enumerate(columns):
        value = f"c{i}"
        finite = _finite(column, value)
        low, high = (f"{f}({value}) FILTER ({finite})" for f in ("min", "max"))
        mean = f"avg({value}) FILTER ({finite})" if column.type.numeric else "NULL"
        spread = ["NULL", "NULL"]
        if column.type.numeric or column.type.temporal:
            spread = [_number(column, low), _number(column, high)]
        shown = [f"left(({end})::VARCHAR, {_SHOWN})" for end in (low, high)]
        items += [f"count({value})", f"approx_count_distinct({value})", *shown, mean, *spread]
    flat = connection.execute(f"SELECT {', '.join(items)} FROM {source}").fetchall()[0]
    return [flat[start : start + 7] for start in range(0, len(flat), 7)]


def _finite(column: Column, value: str) -> str:
    return f"isfinite({value})" if column.type is ColumnType.NUMBER else "true"


def _number(column: Column, value: str) -> str:
    """A value as a double: itself, or seconds since 1970."""
    return f"epoch({value})" if column.type.temporal else f"{value}::DOUBLE"


def _histograms(
    connection: DuckDBPyConnection,
    source: str,
    columns: Sequence[Column],
    basics: Sequence[tuple[Any, ...]],
) -> dict[int, tuple[list[float], list[int]]]:
    """Edges and counts by column position, for numbers and times; one pass over all."""
    ranges: dict[int, tuple[float, float]] = {}
    items = []
    for i, column in enumerate(columns):
        low, high = basics[i][5:7]
        if low is not None and isfinite(high - low):
            ranges[i] = (low, high)
            width = (high - low) / BINS or 1.0
            offset = f"({_number(column, f'c{i}')} - {low!r}) / {width!r}"
            place = f"least({BINS - 1}, greatest(0, floor({offset})))"
            finite = f"c{i} IS NOT NULL AND {_finite(column, f'c{i}')}"
            items.append(f"histogram({place}::INTEGER) FILTER ({finite})")
    if not items:
        return {}
    found = connection.execute(f"SELECT {', '.join(items)} FROM {source}").fetchall()[0]
    result = {}
    for (i, (low, high)), counts in zip(ranges.items(), found, strict=True):
        bins = BINS if high > low else 1
        edges = [low + (high - low) * k / bins for k in range(bins)] + [high]
        result[i] = (edges, [int(counts.get(k, 0)) for k in range(bins)])
    return result


def _profile(
    connection: DuckDBPyConnection,
    source: str,
    column: Column,
    index: int,
    rows: int,
    basics: tuple[Any, ...],
    bins: tuple[list[float], list[int]] | None,
) -> ColumnProfile:
    values, distinct, low, high, mean, _, _ = basics
    listable = column.type not in {ColumnType.NUMBER, ColumnType.DATE, ColumnType.TIMESTAMP}
    top = _top(connection, source, index) if listable and 0 < distinct <= _TOP_DISTINCT else ()
    edges, counts = bins if bins is not None else ([], [])
    return ColumnProfile(
        name=column.name,
        type=column.type.value,
        rows=rows,
        missing=rows - values,
        distinct=min(distinct, values),
        min=low,
        max=high,
        mean=None if mean is None else float(mean),
        top=top,
        edges=tuple(edges),
        histogram=tuple(counts),
    )


def _top(connection: DuckDBPyConnection, source: str, index: int) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(
        f"SELECT left(c{index}::VARCHAR, {_SHOWN}), count(*) AS n FROM {source} "
        f"WHERE c{index} IS NOT NULL GROUP BY c{index} ORDER BY n DESC, c{index} LIMIT {TOP}"
    ).fetchall()
    return tuple((value, count) for value, count in rows)


def _empty(column: Column) -> ColumnProfile:
    return ColumnProfile(name=column.name, type=column.type.value, rows=0, missing=0, distinct=0)
