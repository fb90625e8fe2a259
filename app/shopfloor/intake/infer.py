"""Types of columns, from all values that there are; done once, then pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.intake import reasons
from shopfloor.intake.formats import Format
from shopfloor.intake.reading import CODE, IS_MISSING, MISSING, nested, raw_type, reading
from shopfloor.intake.reasons import BadFile
from shopfloor.intake.shape import TEXT, Shape, forget_rejects, rows_of
from shopfloor.lake.duck import name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE_ROWS = 20_000

_INTEGER = "regexp_full_match({v}, '[-+]?[0-9]+')"
# What the first value of a column must look like, narrowest type first.
_LIKE = (
    (ColumnType.INTEGER, re.compile(r"[-+]?\d+$")),
    (ColumnType.NUMBER, re.compile(r"[-+]?(?:[\d.,]+(?:e[-+]?\d+)?|inf|infinity)$", re.IGNORECASE)),
    (ColumnType.BOOLEAN, re.compile(r"(?:true|false)$", re.IGNORECASE)),
    (ColumnType.DATE, re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$")),
    (ColumnType.TIMESTAMP, re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")),
)


@dataclass(frozen=True)
class Inferred:
    """Columns with types; `empty` are names of those without any value, `nested` of those that
    hold lists or objects, which become JSON text.
    """

    columns: tuple[Column, ...]
    empty: frozenset[str] = frozenset()
    nested: tuple[str, ...] = ()


def infer(
    connection: DuckDBPyConnection,
    shape: Shape,
    paths: Sequence[str],
    *,
    columns: Sequence[int] | None = None,
    sample: int = 0,
    rejects: bool = False,
) -> Inferred:
    """The columns of `paths` with types.

    Whole numbers that fit 64 bits are integer, true and false boolean, ISO and day.month.year
    dates date or timestamp. Codes with leading zeros, numbers too long to stay exact, and
    everything mixed are text; a column without values is text too. `columns` limits the work to
    some positions; `sample` above zero looks at that many rows only; `rejects` leaves lines out of
    account that do not fit the header. Raises `BadFile` for a type that no table holds.
    """
    wanted = list(range(len(shape.names)) if columns is None else columns)
    if shape.format is Format.PARQUET:
        return _typed(shape, wanted)
    found, empty = [], set()
    try:
        counts = _count(connection, rows_of(shape, paths, rejects=rejects), shape, wanted, sample)
    finally:
        if rejects:
            forget_rejects(connection)
    words: dict[int, set[str]] = {}
    if shape.format is Format.JSON:
        words = _json_words(connection, shape, paths, wanted)
    for position, (values, kind) in zip(wanted, counts, strict=True):
        column = shape.names[position]
        if position in words and kind not in _allowed(words[position]):
            kind = ColumnType.TEXT
        if values == 0:
            empty.add(column)
        found.append(Column(name=column, type=kind))
    deep = tuple(shape.names[i] for i in wanted if words.get(i, set()) & {"OBJECT", "ARRAY"})
    return Inferred(tuple(found), frozenset(empty), deep)


def join(left: ColumnType, right: ColumnType) -> ColumnType | None:
    """The narrowest type that holds both, where that is a plain widening; else None."""
    if left is right:
        return left
    for pair in ((ColumnType.INTEGER, ColumnType.NUMBER), (ColumnType.DATE, ColumnType.TIMESTAMP)):
        if {left, right} == set(pair):
            return pair[1]
    return None


def _typed(shape: Shape, wanted: Sequence[int]) -> Inferred:
    found = []
    for position in wanted:
        kind = raw_type(shape.raw[position])
        if kind is None:
            raise BadFile(reasons.unsupported_type(shape.names[position], shape.raw[position]))
        found.append(Column(name=shape.names[position], type=kind))
    empty = frozenset(shape.names[i] for i in wanted if shape.raw[i] in {'"NULL"', "NULL"})
    deep = tuple(shape.names[i] for i in wanted if nested(shape.raw[i]))
    return Inferred(tuple(found), empty, deep)


def _count(
    connection: DuckDBPyConnection,
    rows: str,
    shape: Shape,
    wanted: Sequence[int],
    sample: int,
) -> list[tuple[int, ColumnType]]:
    """For each column: how many values it has, and their type."""
    possible = _possible(connection, rows, wanted)
    tried, counts = [], []
    for i, kinds in zip(wanted, possible, strict=True):
        tried.append(f"CASE WHEN NOT {IS_MISSING.format(v=f'c{i}')} THEN c{i} END AS c{i}")
        counts.append(f"count(c{i})")
        if kinds:
            code = CODE.format(v=f"c{i}")
            huge = f"{_INTEGER.format(v=f'c{i}')} AND TRY_CAST(c{i} AS BIGINT) IS NULL"
            counts.append(f"count_if(({code}) OR ({huge}))")
        counts += [f"count_if({_test(kind, shape, i)})" for kind in kinds]
    limited = f"(SELECT * FROM {rows} LIMIT {sample})" if sample else rows
    query = f"SELECT {', '.join(counts)} FROM (SELECT {', '.join(tried)} FROM {limited})"
    flat: Iterator[int] = iter(connection.execute(query).fetchall()[0])
    return [_decide(kinds, flat) for kinds in possible]


def _decide(kinds: Sequence[ColumnType], counts: Iterator[int]) -> tuple[int, ColumnType]:
    """Take one column's counts; a type fits when it fits all values and none is a code."""
    values = next(counts)
    if not kinds:
        return values, ColumnType.TEXT
    codes = next(counts)
    fitting = [kind for kind in kinds if next(counts) == values]
    return values, ColumnType.TEXT if not values or codes or not fitting else fitting[0]


def _possible(connection: DuckDBPyConnection, rows: str, wanted: Sequence[int]) -> list[list[ColumnType]]:
    """Types that each column's first value does not rule out, narrowest first.

    Testing every column for every type takes ten times longer to plan than a small file to read.
    """
    columns = ", ".join(f"c{i}" for i in wanted)
    head = connection.execute(f"SELECT {columns} FROM {rows} LIMIT 50").fetchall()
    found = []
    for values in zip(*head, strict=True) if head else [()] * len(wanted):
        first = next((v for v in values if v is not None and v.strip() not in MISSING), None)
        found.append([kind for kind, like in _LIKE if first is None or like.match(first.strip())])
    return found


def _test(kind: ColumnType, shape: Shape, column: int) -> str:
    value = f"c{column}"
    if kind is ColumnType.INTEGER:
        return f"{_INTEGER.format(v=value)} AND TRY_CAST({value} AS BIGINT) IS NOT NULL"
    if kind is ColumnType.BOOLEAN:
        return f"lower({value}) IN ('true', 'false')"
    # A date column must not swallow times that happen to be midnight.
    how = reading(TEXT, kind, decimal=shape.decimal, first=kind is ColumnType.DATE)
    return "false" if how is None else f"{value} IS NOT NULL AND NOT ({how.bad_inline(column)})"


def _json_words(
    connection: DuckDBPyConnection, shape: Shape, paths: Sequence[str], wanted: Sequence[int]
) -> dict[int, set[str]]:
    """JSON's own types of each column's values."""
    form = "array" if shape.array else "newline_delimited"
    columns = ", ".join(f"{text(shape.names[i])}: 'JSON'" for i in wanted)
    kinds = ", ".join(f"list(DISTINCT json_type({name(shape.names[i])}))" for i in wanted)
    query = (
        f"SELECT {kinds} FROM read_json([{', '.join(map(text, paths))}], format = '{form}', "
        f"records = 'true', compression = 'none', columns = {{{columns}}})"
    )
    row = connection.execute(query).fetchall()[0]
    return {
        i: {kind for kind in found or () if kind not in {None, "NULL"}} for i, found in zip(wanted, row, strict=True)
    }


def _allowed(found: set[str]) -> set[ColumnType]:
    """Types that JSON's own types allow: a quoted "42" is text, a bare 42 a number."""
    if found <= {"VARCHAR"}:
        return {ColumnType.TEXT, ColumnType.DATE, ColumnType.TIMESTAMP}
    if found <= {"BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"}:
        return {ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.TEXT}
    return {ColumnType.BOOLEAN, ColumnType.TEXT} if found <= {"BOOLEAN"} else {ColumnType.TEXT}
