"""A header that stands again among the rows: several exports were combined in one file.

It is looked for in the values, so that every format, letter case, order of columns and quoting is found. A
column that is not text rules it out at no cost: no name can be read as its value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.missing import MISSING
from shopfloor.duck.sql import text
from shopfloor.formats import infer
from shopfloor.formats.locate import records_of
from shopfloor.formats.shape import LeftOut, Shape, forget_rejects, rows_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from shopfloor.formats.plan import Plan

_MOST = 20
"""Columns that are looked at: so many names in one row are proof enough."""
_ANY_ORDER = 3
"""Columns that tell a header in another order from a row of words, where all columns are text."""
_AROUND = "[\\s\"'`\\x{FEFF}]*"
_BLANKS = " \t\r\n\"'`\ufeff"
_VALUE = re.compile(r"[-+(]?\d|(?:true|false|t|f|yes|no|y|n)$", re.IGNORECASE)


def may_hide(plan: Plan) -> bool:
    """False where a header among the rows cannot be read without an error, since no name fits a column's type."""
    read = [kind for kind, source in zip(plan.columns, plan.sources, strict=True) if source is not None]
    typed = sum(column.type is not ColumnType.TEXT for column in read)
    values = sum(_VALUE.match(name) is not None or name in MISSING for name in plan.shape.own)
    return typed <= values


def positions(shape: Shape) -> range:
    """The columns that `is_header` looks at."""
    return range(min(shape.width, _MOST))


def is_header(shape: Shape) -> str:
    """SQL over c0, c1, … that is true for a row of the column names.

    A text that is its only column's name may be a value; behind a byte order mark it is none.
    """
    names, places = shape.own, positions(shape)
    if len(names) == 1:
        marked = text(f"(?i)\\x{{FEFF}}{_AROUND}{re.escape(names[0])}{_AROUND}$")
        return f"coalesce(regexp_matches(c0::VARCHAR, {marked}), false)"
    if not _ANY_ORDER <= len(names) <= _MOST:
        return " AND ".join(_named(f"c{place}", [names[place]]) for place in places)
    return _in_any_order(shape)


def _in_any_order(shape: Shape) -> str:
    names, places = shape.own, positions(shape)
    cells = ", ".join(f"lower(trim(c{place}::VARCHAR, {text(_BLANKS)}))" for place in places)
    each = " AND ".join(_named(f"c{place}", names) for place in places)
    return f"{each} AND len(list_distinct([{cells}])) = {len(names)}"


def may_be_header(shape: Shape) -> str | None:
    """SQL that is true for a row which is a header only if no other row is like it: of the name of an only column, or
    of two names in the other order. None for wider tables."""
    if shape.width > 2:
        return None
    return _in_any_order(shape) if shape.width == 2 else _named("c0", shape.own)


def _named(value: str, names: Sequence[str]) -> str:
    one = text(f"(?i){_AROUND}(?:{'|'.join(map(re.escape, names))}){_AROUND}")
    # NULL would make neither true nor false of it.
    return f"coalesce(regexp_full_match({value}::VARCHAR, {one}), false)"


def repeated(connection: DuckDBPyConnection, path: Path, shape: Shape) -> LeftOut | None:
    """The rows that hold the column names again; None where there are none.

    In a table of one column its name is no value where all others are of a type that is not text; in one of two
    columns nor are both names in the other order.
    """
    likely = may_be_header(shape)
    if likely is not None:
        rows = rows_where(connection, path, shape, likely)
        if rows and _typed(connection, path, shape.without(rows, likely)):
            return LeftOut(rows, likely)
    rows = rows_where(connection, path, shape, is_header(shape))
    return LeftOut(rows, is_header(shape)) if rows else None


def _typed(connection: DuckDBPyConnection, path: Path, shape: Shape) -> bool:
    columns = infer.infer(connection, shape, [str(path)], columns=range(shape.width), rejects=True).columns
    return any(column.type not in {ColumnType.TEXT, ColumnType.UNKNOWN} for column in columns)


def ends_in_header(line: str, shape: Shape) -> bool:
    """True for a line on which the header follows a row without a line end."""
    cells: list[str] = next(records_of([line], shape.delimiter, shape.quote), [])
    names = [name.strip(_BLANKS).casefold() for name in shape.own]
    tail = [cell.strip(_BLANKS).casefold() for cell in cells[-len(names) :]]
    return len(cells) == 2 * len(names) - 1 > 1 and tail[1:] == names[1:] and tail[0].endswith(names[0])


def rows_where(connection: DuckDBPyConnection, path: Path, shape: Shape, test: str) -> tuple[int, ...]:
    """The rows, from 0 among those that fit the header, for which `test` is true."""
    numbered = f"(SELECT *, row_number() OVER () - 1 AS r FROM {rows_of(shape, [str(path)], rejects=True)})"
    try:
        return tuple(
            row[0] for row in connection.execute(f"SELECT r FROM {numbered} WHERE {test} ORDER BY r").fetchall()
        )
    finally:
        forget_rejects(connection)
