"""Types of columns, from all values that there are; done once, then pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dialect import COMMA
from shopfloor.duck.sql import name, text
from shopfloor.formats import reasons
from shopfloor.formats.cast_rules import CODE, IS_MISSING, nested, raw_type, reading, whole_beyond_64_bits
from shopfloor.formats.format import Format
from shopfloor.formats.notation import MISSING
from shopfloor.formats.partition import kind_of
from shopfloor.formats.reasons import BadFile
from shopfloor.formats.shape import TEXT, Shape, forget_rejects, rows_of
from shopfloor.formats.spelling import Spelling, Verdict, possible, prove

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
    """Columns with types.

    By name: `empty` are those without any value, `open` those that more rows may yet prove to be
    something, `nested` those that hold lists or objects, which become JSON text; `notices` say of
    some why they are text.
    """

    columns: tuple[Column, ...]
    empty: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    notices: Mapping[str, str] = field(default_factory=dict)
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

    Whole numbers that fit 64 bits are integer, true and false boolean, ISO dates date or timestamp;
    other ways to write days and numbers are proved by all values or not at all. Codes with leading
    zeros, numbers too long to stay exact, and everything mixed are text; the type of a column without
    values stays unknown. `columns` limits the work to some positions; `sample` above zero looks at that
    many rows only; `rejects` leaves lines out of account that do not fit the header. Raises `BadFile` for
    a type that no table holds.
    """
    wanted = list(range(len(shape.names)) if columns is None else columns)
    if shape.format is Format.PARQUET:
        return _typed(shape, wanted, _huge(connection, shape, paths, wanted))
    found, empty = [], set()
    try:
        rows = rows_of(shape, paths, rejects=rejects)
        counts, firsts = _count(connection, rows, shape, wanted, sample)
        if rejects:
            forget_rejects(connection)
        verdicts = prove(connection, _limited(rows, sample), _unplain(counts, firsts, wanted), shape.names)
    finally:
        if rejects:
            forget_rejects(connection)
    words: dict[int, set[str]] = {}
    delivered = [position for position in wanted if position < shape.width]
    if delivered and shape.format in {Format.JSON, Format.EXCEL}:
        words = _json_words(connection, shape, paths, delivered)
    for position, (values, kind) in zip(wanted, counts, strict=True):
        column = shape.names[position]
        if values == 0:
            empty.add(column)
            kind = ColumnType.UNKNOWN
        elif position in words and kind not in _allowed(words[position]):
            kind = ColumnType.TEXT
        found.append(_column(column, kind, shape, verdicts.get(position), words.get(position)))
    deep = tuple(shape.names[i] for i in wanted if words.get(i, set()) & {"OBJECT", "ARRAY"})
    return Inferred(
        tuple(found),
        frozenset(empty),
        frozenset(shape.names[i] for i, verdict in verdicts.items() if verdict.open),
        {shape.names[i]: verdict.notice for i, verdict in verdicts.items() if verdict.notice},
        deep,
    )


def _unplain(
    counts: Sequence[tuple[int, ColumnType]], firsts: Sequence[str | None], wanted: Sequence[int]
) -> dict[int, tuple[Spelling, ...]]:
    """Other spellings for columns that have values of no plain type."""
    found = {
        position: possible(first.strip())
        for position, (values, kind), first in zip(wanted, counts, firsts, strict=True)
        if kind is ColumnType.TEXT and values and first is not None
    }
    return {position: spellings for position, spellings in found.items() if spellings}


def _column(column: str, kind: ColumnType, shape: Shape, verdict: Verdict | None, words: set[str] | None) -> Column:
    """A column of the plain type, or of the spelling that it proves."""
    proved = verdict.spelling if verdict is not None else None
    if proved is not None and (words is None or proved.type in _allowed(words)):
        return Column(name=column, type=proved.type, format=proved.format)
    # A file in which all numbers have a comma: the next one's first rows may not show it.
    comma = kind is ColumnType.NUMBER and shape.format is Format.CSV and shape.decimal == ","
    return Column(name=column, type=kind, format=COMMA if comma else "")


def join(left: ColumnType, right: ColumnType) -> ColumnType | None:
    """The narrowest type that holds both, where that is a plain widening; else None."""
    if left is right or right is ColumnType.UNKNOWN:
        return left
    if left is ColumnType.UNKNOWN:
        return right
    for pair in ((ColumnType.INTEGER, ColumnType.NUMBER), (ColumnType.DATE, ColumnType.TIMESTAMP)):
        if {left, right} == set(pair):
            return pair[1]
    return None


def _huge(connection: DuckDBPyConnection, shape: Shape, paths: Sequence[str], wanted: Sequence[int]) -> frozenset[int]:
    """Columns of a typed file with a whole number that no integer holds; such numbers are text in a CSV, too."""
    asked = [i for i in wanted if i < shape.width and whole_beyond_64_bits(shape.raw[i])]
    if not asked:
        return frozenset()
    tests = ", ".join(f"count(c{i}) > count(TRY_CAST(c{i} AS BIGINT))" for i in asked)
    found = connection.execute(f"SELECT {tests} FROM {rows_of(shape, paths)}").fetchall()[0]
    return frozenset(i for i, huge in zip(asked, found, strict=True) if huge)


def _typed(shape: Shape, wanted: Sequence[int], huge: frozenset[int]) -> Inferred:
    found = []
    for position in wanted:
        kind = raw_type(shape.raw[position]) if position < shape.width else kind_of(shape.given_at(position))
        if position in huge:
            kind = ColumnType.TEXT
        if kind is None:
            raise BadFile(reasons.unsupported_type(shape.names[position], shape.raw[position]))
        found.append(Column(name=shape.names[position], type=kind))
    without = frozenset(column.name for column in found if column.type is ColumnType.UNKNOWN)
    deep = tuple(shape.names[i] for i in wanted if nested(shape.raw[i]))
    return Inferred(tuple(found), without, nested=deep)


def _count(
    connection: DuckDBPyConnection,
    rows: str,
    shape: Shape,
    wanted: Sequence[int],
    sample: int,
) -> tuple[list[tuple[int, ColumnType]], list[str | None]]:
    """For each column: how many values it has, and their type; and the first of them."""
    firsts = _firsts(connection, rows, wanted)
    likely = [_likely(first) for first in firsts]
    tried, counts = [], []
    for i, kinds in zip(wanted, likely, strict=True):
        tried.append(f"CASE WHEN NOT {IS_MISSING.format(v=f'c{i}')} THEN c{i} END AS c{i}")
        counts.append(f"count(c{i})")
        if kinds:
            code = CODE.format(v=f"c{i}")
            huge = f"{_INTEGER.format(v=f'c{i}')} AND TRY_CAST(c{i} AS BIGINT) IS NULL"
            counts.append(f"count_if(({code}) OR ({huge}))")
        counts += [f"count_if({_test(kind, shape, i)})" for kind in kinds]
    query = f"SELECT {', '.join(counts)} FROM (SELECT {', '.join(tried)} FROM {_limited(rows, sample)})"
    flat: Iterator[int] = iter(connection.execute(query).fetchall()[0])
    return [_decide(kinds, flat) for kinds in likely], firsts


def _limited(rows: str, sample: int) -> str:
    return f"(SELECT * FROM {rows} LIMIT {sample})" if sample else rows


def _decide(kinds: Sequence[ColumnType], counts: Iterator[int]) -> tuple[int, ColumnType]:
    """Take one column's counts; a type fits when it fits all values and none is a code."""
    values = next(counts)
    if not kinds:
        return values, ColumnType.TEXT
    codes = next(counts)
    fitting = [kind for kind in kinds if next(counts) == values]
    return values, ColumnType.TEXT if not values or codes or not fitting else fitting[0]


def _firsts(connection: DuckDBPyConnection, rows: str, wanted: Sequence[int]) -> list[str | None]:
    """Each column's first value among the first rows."""
    columns = ", ".join(f"c{i}" for i in wanted)
    head = connection.execute(f"SELECT {columns} FROM {rows} LIMIT 50").fetchall()
    columnwise = zip(*head, strict=True) if head else [()] * len(wanted)
    return [next((v for v in values if v is not None and v.strip() not in MISSING), None) for values in columnwise]


def _likely(first: str | None) -> list[ColumnType]:
    """Types that a column's first value does not rule out, narrowest first.

    Testing every column for every type takes ten times longer to plan than a small file to read.
    """
    return [kind for kind, like in _LIKE if first is None or like.match(first.strip())]


def _test(kind: ColumnType, shape: Shape, column: int) -> str:
    value = f"c{column}"
    if kind is ColumnType.INTEGER:
        return f"{_INTEGER.format(v=value)} AND TRY_CAST({value} AS BIGINT) IS NOT NULL"
    if kind is ColumnType.BOOLEAN:
        return f"lower({value}) IN ('true', 'false')"
    # A date column must not swallow times that happen to be midnight.
    how = reading(TEXT, kind, decimal=shape.decimal, first=kind.temporal)
    return "false" if how is None else f"{value} IS NOT NULL AND NOT ({how.bad_inline(column)})"


def _json_words(
    connection: DuckDBPyConnection, shape: Shape, paths: Sequence[str], wanted: Sequence[int]
) -> dict[int, set[str]]:
    """JSON's own types of each column's values."""
    form = "array" if shape.array else "newline_delimited"
    columns = ", ".join(f"{text(shape.own[i])}: 'JSON'" for i in wanted)
    kinds = ", ".join(f"list(DISTINCT json_type({name(shape.own[i])}))" for i in wanted)
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
