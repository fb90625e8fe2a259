"""Types of columns, from all values that there are; done once, then pinned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from shopfloor.domain import numbers
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.missing import ALWAYS_MISSING, MISSING, may_mean_missing
from shopfloor.domain.number_format import COMMA
from shopfloor.domain.text import quoted, safe
from shopfloor.formats.cast_rules import CODE, among, cast_rule
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.partition import kind_of
from shopfloor.formats.raw_type import BYTES, nested, raw_type, whole_beyond_64_bits
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.parquet import unsupported_type
from shopfloor.formats.shape import JSON, TEXT, Shape, forget_rejects, rows_of
from shopfloor.formats.spelling import ISO, Spelling, SpellingProof, is_plain, possible, prove
from shopfloor.formats.stacked import ask_each
from shopfloor.formats.stray import Doubt, Words, doubts, known_words

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE_ROWS = 20_000
_SAMPLE_VALUES, _FEWEST_ROWS = 1_000_000, 500

_INTEGER = "regexp_full_match(c0, '[-+]?[0-9]+')"
# The pattern of a column's first value, narrowest type first.
_LIKE = (
    (ColumnType.INTEGER, re.compile(r"[-+]?\d+$")),
    (ColumnType.NUMBER, re.compile(r"[-+]?(?:[\d.,]+(?:e[-+]?\d+)?|inf|infinity)$", re.IGNORECASE)),
    (ColumnType.BOOLEAN, re.compile(r"(?:true|false)$", re.IGNORECASE)),
    (ColumnType.DATE, re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$")),
    (ColumnType.TIMESTAMP, re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")),
)

_MARKS = {kind: 1 << place for place, (kind, _) in enumerate(_LIKE)}


def sample_rows(width: int) -> int:
    """How many rows of a big file with `width` columns are read first: the same number of values for every width."""
    return min(SAMPLE_ROWS, max(_FEWEST_ROWS, _SAMPLE_VALUES // width))


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
    values stays unknown. `columns` limits the work to some positions; `sample` above zero reads that
    many rows only; `rejects` leaves lines out of account that do not fit the header. Raises `BadFile` for
    a type that no table holds.
    """
    wanted = list(range(len(shape.names)) if columns is None else columns)
    if shape.format.typed:
        typed = _typed(shape, wanted, _untyped(connection, shape, paths, wanted))
        wanted = [i for i in wanted if i < shape.width and shape.raw[i] == TEXT]
        if not wanted:
            return typed
    inference = _Inference(connection, shape, paths, wanted, sample, rejects)
    try:
        found = inference.types()
        missing, kept = inference.words(found)
        found = replace(found, notices={**found.notices, **inference.strays(found)}, missing=missing, kept=kept)
        return typed.with_texts(found) if shape.format.typed else found
    finally:
        if rejects:
            forget_rejects(connection)


class _Inference:
    """Type inference over the rows of text files of one shape."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        shape: Shape,
        paths: Sequence[str],
        wanted: Sequence[int],
        sample: int,
        rejects: bool,
    ) -> None:
        self._connection = connection
        self._shape = shape
        self._paths = paths
        self._wanted = wanted
        self._sample = sample
        self._rejects = rejects
        self._wordy: list[int] = []

    def types(self) -> Inferred:
        """The columns' types, from values that are not missing."""
        shape, wanted = self._shape, self._wanted
        counts, firsts = _count(self._connection, self._rows(all=True), shape, wanted, self._sample)
        self._wordy = [i for i, count in zip(wanted, counts, strict=True) if count.given > count.values]
        spellings = _unplain(counts, firsts, wanted)
        proofs = prove(self._connection, self._rows(), spellings, shape.names, shape.missing)
        words = {i: {"VARCHAR"} for i in wanted} if shape.format.typed else {}
        if values := [position for position in wanted if shape.raw[position] == JSON]:
            words = _json_words(self._connection, self._rows(all=True), shape.missing, values)
        found, empty = [], set()
        for position, count in zip(wanted, counts, strict=True):
            kind = count.kind
            if count.values == 0:
                empty.add(shape.names[position])
                kind = ColumnType.UNKNOWN
            elif position in words and kind not in _allowed(words[position]):
                kind = ColumnType.TEXT
            found.append(_column(shape.names[position], kind, shape, proofs.get(position), words.get(position)))
        return Inferred(
            tuple(found),
            frozenset(empty),
            frozenset(shape.names[i] for i, proof in proofs.items() if proof.open),
            {shape.names[i]: proof.notice for i, proof in proofs.items() if proof.notice},
            tuple(shape.names[i] for i in wanted if words.get(i, set()) & {"OBJECT", "ARRAY"}),
        )

    def words(self, found: Inferred) -> tuple[dict[str, Words], dict[str, Words]]:
        """The words for "missing" by column: those that are read so, and those that text columns keep."""
        shape = self._shape
        held = known_words(self._connection, self._rows(), self._wordy, shape.missing)
        texts = {column.name for column in found.columns if column.type is ColumnType.TEXT}
        missing: dict[str, Words] = {}
        kept: dict[str, Words] = {}
        for i, words in held.items():
            always = {ALWAYS_MISSING, *shape.missing} if shape.names[i] in texts else set(words)
            for place, some in (
                (missing, {word: count for word, count in words.items() if word in always}),
                (kept, {word: count for word, count in words.items() if word not in always}),
            ):
                if some:
                    place[shape.names[i]] = some
        return missing, kept

    def strays(self, found: Inferred) -> dict[str, str]:
        """By column, what keeps it from the type that nearly all of its values have."""
        shape = self._shape
        texts = {column.name for column in found.columns if column.type is ColumnType.TEXT} - found.empty - found.open
        candidates = [i for i in self._wanted if shape.names[i] in texts]
        nearly = doubts(self._connection, self._rows(), candidates, shape.missing)
        wordy = {i: doubt for i, doubt in nearly.items() if doubt.words}
        others = self._without({word for doubt in wordy.values() for word in doubt.words}, list(wordy))
        notices = {}
        for i, doubt in nearly.items():
            column = shape.names[i]
            known = i in others and others[i].type is not ColumnType.TEXT
            if known and all(map(may_mean_missing, doubt.words)):
                notices[column] = _words_notice(others[i], doubt)
            elif doubt.not_numbers and column not in found.notices:
                notices[column] = (
                    f"Column {quoted(column)} was kept as text: {numbers.count(doubt.not_numbers)} of its "
                    f"{numbers.count(doubt.values)} values are not numbers, such as {quoted(doubt.example)}."
                )
        return notices

    def _without(self, words: set[str], columns: list[int]) -> dict[int, Column]:
        """What `columns` would be if `words` stood for no value."""
        if not words:
            return {}
        shape = replace(self._shape, missing=(*self._shape.missing, *sorted(words)))
        found = _Inference(self._connection, shape, self._paths, columns, self._sample, self._rejects).types()
        return dict(zip(columns, found.columns, strict=True))

    def _rows(self, *, all: bool = False) -> str:
        """The rows to read; with `all` not only those of the sample."""
        if self._rejects:
            forget_rejects(self._connection)
        rows = rows_of(self._shape, self._paths, rejects=self._rejects)
        return rows if all else _limited(rows, self._sample)


def _words_notice(column: Column, doubt: Doubt) -> str:
    words = ", ".join(f"{quoted(word)} ({numbers.count(count)})" for word, count in doubt.words.items())
    declared = ", ".join(map(_quoted, doubt.words))
    format = f", format = {_quoted(column.format)}" if column.format else ""
    return (
        f"Column {quoted(column.name)} was kept as text: but for {words} its {numbers.count(doubt.values)} values are "
        f"{column.type.value}s. If that means missing, set type = {_quoted(column.type.value)}{format} for it and "
        f"[parser] missing = [{declared}] in the contract; these rows are then read again with the next file."
    )


def _quoted(word: str) -> str:
    return '"' + safe(word, 60).replace('"', '\\"') + '"'


class _Counted(NamedTuple):
    """A column's values but for missing ones, those with them, and the plain type that all of the former have."""

    values: int
    given: int
    kind: ColumnType


def _unplain(
    counts: Sequence[_Counted], firsts: Sequence[str | None], wanted: Sequence[int]
) -> dict[int, tuple[Spelling, ...]]:
    """Other spellings for columns that have values of no plain type."""
    found = {
        position: possible(first.strip())
        for position, count, first in zip(wanted, counts, firsts, strict=True)
        if count.kind is ColumnType.TEXT and count.values and first is not None
    }
    return {position: spellings for position, spellings in found.items() if spellings}


def _column(column: str, kind: ColumnType, shape: Shape, proof: SpellingProof | None, words: set[str] | None) -> Column:
    """A column of the plain type, or of the spelling that it proves."""
    proved = proof.spelling if proof is not None else None
    if proved is not None and (words is None or proved.type in _allowed(words) or not is_plain(proved)):
        return Column(name=column, type=proved.type, format=proved.format)
    # A file in which all numbers have a comma: the next one's first rows may not show it.
    comma = kind is ColumnType.NUMBER and shape.decimal == ","
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


def _untyped(
    connection: DuckDBPyConnection, shape: Shape, paths: Sequence[str], wanted: Sequence[int]
) -> frozenset[int]:
    """Columns of a typed file with a value that the usual type of their values does not hold.

    A whole number that no integer holds is text, as in a CSV; bytes that are no text are nothing.
    """
    raw = shape.raw
    candidates = [i for i in wanted if i < shape.width and (whole_beyond_64_bits(raw[i]) or raw[i] == BYTES)]
    if not candidates:
        return frozenset()
    values = (f"try(decode(c{i}))" if shape.raw[i] == BYTES else f"TRY_CAST(c{i} AS BIGINT)" for i in candidates)
    tests = ", ".join(f"count(c{i}) > count({value})" for i, value in zip(candidates, values, strict=True))
    found = connection.execute(f"SELECT {tests} FROM {rows_of(shape, paths)}").fetchall()[0]
    return frozenset(i for i, unfit in zip(candidates, found, strict=True) if unfit)


def _typed(shape: Shape, wanted: Sequence[int], untyped: frozenset[int]) -> Inferred:
    found = []
    for position in wanted:
        kind = raw_type(shape.raw[position]) if position < shape.width else kind_of(shape.given_at(position))
        if position in untyped:
            kind = None if shape.raw[position] == BYTES else ColumnType.TEXT
        if kind is None:
            raise BadFile(unsupported_type(shape.names[position], shape.raw[position]))
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
) -> tuple[list[_Counted], list[str | None]]:
    """For each column: how many values it has, and their type; and the first of them."""
    words = (*MISSING, *shape.missing)
    firsts = _firsts(connection, rows, wanted, set(words))
    likely = [_likely(first) for first in firsts]
    code = CODE.format(v="c0")
    # Most values begin with a digit, which is faster to see than that they are none of many words.
    plain = "" if any(word[:1].isdigit() for word in words) else "(r0 >= '0' AND r0 < ':') OR "
    value = f"CASE WHEN {plain}NOT {among(words).format(v='r0')} THEN trim(r0) END"
    # Each test takes a millisecond to plan: those that no column needs are left out.
    tested = [kind for kind in _MARKS if any(kind in kinds for kinds in likely)]
    codes = f"count_if(CASE WHEN m0 > 0 THEN ({code}) OR (TRY_CAST(c0 AS BIGINT) IS NULL AND {_INTEGER}) END)"
    counts = [
        "count(c0)",
        "count(r0)",
        codes if tested else "0",
        *(f"count_if(CASE WHEN m0 & {_MARKS[kind]} > 0 THEN {_test(kind, shape)} END)" for kind in tested),
    ]
    marks = [sum(_MARKS[kind] for kind in kinds) for kinds in likely]
    found = ask_each(connection, _limited(rows, sample), wanted, ", ".join(counts), value=value, marks=marks)
    return [_decide(kinds, tested, found.get(i)) for i, kinds in zip(wanted, likely, strict=True)], firsts


def _limited(rows: str, sample: int) -> str:
    return f"(SELECT * FROM {rows} LIMIT {sample})" if sample else rows


def _decide(kinds: Sequence[ColumnType], tested: Sequence[ColumnType], counts: Sequence[int | None] | None) -> _Counted:
    """What one column's counts say, after values and codes those of the `tested` types; a type fits when it fits all
    values and none is a code."""
    if counts is None:
        return _Counted(0, 0, ColumnType.TEXT)
    values, given, codes, *fits = (count or 0 for count in counts)
    fit = dict(zip(tested, fits, strict=True))
    fitting = [kind for kind in kinds if fit[kind] == values]
    return _Counted(values, given, ColumnType.TEXT if not values or codes or not fitting else fitting[0])


def _firsts(connection: DuckDBPyConnection, rows: str, wanted: Sequence[int], missing: set[str]) -> list[str | None]:
    """Each column's first value among the first rows."""
    columns = ", ".join(f"c{i}" for i in wanted)
    head = connection.execute(f"SELECT {columns} FROM {rows} LIMIT 50").fetchall()
    columnwise = zip(*head, strict=True) if head else [()] * len(wanted)
    given = ([v.strip() for v in values if v is not None and v.strip() not in missing] for values in columnwise)
    # A day as ISO writes it may stand among others; those say more of how they are written.
    return [next((v for v in some if not ISO.fullmatch(v)), next(iter(some), None)) for some in given]


def _likely(first: str | None) -> list[ColumnType]:
    """Types that a column's first value does not rule out, narrowest first.

    Testing every column for every type takes ten times longer to plan than a small file to read.
    """
    return [kind for kind, like in _LIKE if first is None or like.match(first.strip())]


def _test(kind: ColumnType, shape: Shape) -> str:
    if kind is ColumnType.INTEGER:
        return f"{_INTEGER} AND TRY_CAST(c0 AS BIGINT) IS NOT NULL"
    if kind is ColumnType.BOOLEAN:
        return "lower(c0) IN ('true', 'false')"
    # A date column must not swallow times that happen to be midnight.
    how = cast_rule(TEXT, kind, decimal=shape.decimal, first=kind.temporal)
    return "false" if how is None else f"c0 IS NOT NULL AND NOT ({how.bad_inline(0)})"


def _json_words(
    connection: DuckDBPyConnection, rows: str, missing: Sequence[str], wanted: Sequence[int]
) -> dict[int, set[str]]:
    """JSON's own types of each column's values."""
    values = f"(SELECT {', '.join(f'j{i} AS c{i}' for i in wanted)} FROM {rows})"
    # JSON's types of what does not mean "missing", nor infinity, which no number of JSON can be.
    words = "(r0 ->> '$')"
    word = f"({among((*MISSING, *missing)).format(v=words)} OR coalesce(isinf(TRY_CAST({words} AS DOUBLE)), false))"
    kinds = f"list(DISTINCT json_type(r0)) FILTER (NOT coalesce({word}, true))"
    found = ask_each(connection, values, wanted, kinds, value="NULL")
    return {i: set(found[i][0] or ()) - {None, "NULL"} if i in found else set() for i in wanted}


def _allowed(found: set[str]) -> set[ColumnType]:
    """Types that JSON's own types allow: a quoted "42" is text, a bare 42 a number."""
    if found <= {"VARCHAR"}:
        return {ColumnType.TEXT, ColumnType.DATE, ColumnType.TIMESTAMP}
    if found <= {"BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"}:
        return {ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.TEXT}
    return {ColumnType.BOOLEAN, ColumnType.TEXT} if found <= {"BOOLEAN"} else {ColumnType.TEXT}
