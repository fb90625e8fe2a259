"""A totals row at the end of a report, and what stands below it: no rows of the table, and known by their sums."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from shopfloor.domain.missing import MISSING
from shopfloor.domain.number_format import sign_of
from shopfloor.domain.reject import Reject
from shopfloor.duck.sql import text
from shopfloor.formats.cast_rules import among
from shopfloor.formats.encoding import CHUNK
from shopfloor.formats.evidence import rejected
from shopfloor.formats.locate import line_of_byte
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.rows import below_totals, totals_left_out
from shopfloor.formats.shape import Shape, forget_rejects, rows_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# In English, German, French, Italian, Spanish, Portuguese, Dutch, the Nordic languages, Polish, Czech, Hungarian,
# Turkish, Russian, Chinese and Japanese.
_WORDS = frozenset((
    "total", "totals", "sum", "sums", "overall", "summe", "gesamt", "gesamtsumme", "insgesamt", "somme", "totaux",
    "totale", "totali", "totales", "suma", "soma", "totaal", "totalt", "totalsumma", "summa", "yhteensä", "razem",
    "celkem", "összesen", "toplam", "итого", "всего", "合計", "总计", "总和", "∑", "σ",
))  # fmt: skip
_BESIDE = frozenset({"grand", "general", "général", "generale", "geral", "overall", "im", "i", "all", "der", "the"})
_FIGURES = frozenset((
    "average", "mean", "median", "count", "min", "max", "minimum", "maximum", "mittelwert", "durchschnitt", "anzahl",
    "moyenne", "media", "promedio", "gemiddelde", "среднее", "平均",
))  # fmt: skip
_FEW = 2  # rows have no totals below them
_WORD = re.compile(r"[^\W\d_]+|[∑Σ]")
_LONGEST_LABEL = 5  # words
_BELOW = 4  # rows may stand below a totals row: other totals, averages, footnotes
_TAIL = 1 << 16
_NAMED, _UNNAMED, _ALONE = 2, 3, 5  # addends other than 0 that a sum needs
_BLANKS = " \u00a0\u2009\u202f'’"
_GROUPED = re.compile(rf"(?<=\d)[{_BLANKS}](?=\d{{3}}(?!\d))")


class _Label(IntEnum):
    """What the words of a row say of it."""

    NONE = 0
    LIKELY = 1
    """A word for totals among others, as in "Total sales"."""
    SURE = 2


@dataclass(frozen=True)
class _LastRow:
    """One of the last rows of a file. Of a text also the byte at which its line begins, where it has one of its own,
    and how it is written."""

    cells: Sequence[str]
    start: int | None = None
    line: str = ""


@dataclass(frozen=True)
class _Number:
    """A number as a cell writes it: its value, its digits without anything else, and the sign beside them."""

    value: float
    digits: str
    sign: str


@dataclass(frozen=True)
class _Sum:
    """What a column says about the last row's number in it: the others' sum, how many are not 0, and their size."""

    total: float
    addends: int
    size: float
    numbers_only: bool
    largest: bool

    def is_sum(self, number: _Number, loose: bool) -> bool:
        """True when `number` is the sum: exactly as written, or `loose`, of rounded numbers."""
        whole, _, fraction = number.digits.rpartition(".")
        half = 0.5 * 10.0 ** -(len(fraction) if whole else 0)
        room = half + 1e-9 * self.size
        if loose:
            room = max(room, min(half * (self.addends + 1), 1e-3 * abs(self.total)))
        return self.numbers_only and abs(number.value - self.total) <= room


@dataclass(frozen=True)
class TotalsRows:
    """Last rows that are none of the table's: as rejects, and the byte of a text at which they begin, or SQL over c0,
    c1, … that is true for them."""

    rejects: tuple[Reject, ...]
    rows: tuple[int, ...]
    start: int | None
    test: str


def may_be_totals(texts: Sequence[str | None]) -> bool:
    """False where the texts of a row rule out that it is a total, or stands below one."""
    return not texts[0] or any(_label(cell) or _is_figure(cell) for cell in texts if cell)


def totals_rows(connection: DuckDBPyConnection, path: Path, shape: Shape, rows: int) -> TotalsRows | None:
    """Those of the last of `rows` rows that are no rows of the table; None where all are.

    They begin with one that holds the sums of its columns: it needs one sum where it calls itself a total; one whose
    first cell alone is empty needs nothing but sums, each beyond all values of its column. Below it may stand others
    with a name for what they hold, and footnotes.
    """
    end: list[_LastRow] = []
    found: tuple[_LastRow, ...] = ()
    sums: list[int] = []
    for row in _last(connection, path, shape, rows):
        if proved := _summed(connection, path, shape, row, end):
            found, sums = (row, *reversed(end)), proved
        end.append(row)
        if len(end) > min(_BELOW, rows - _FEW) or not _may_stand_below(row, shape.width):
            break
    if not found:
        return None
    first = rows - len(found)
    places = [
        Place(row=first + at) if row.start is None else Place(line=line_of_byte(path, row.start) + shape.skip)
        for at, row in enumerate(found, 1)
    ]
    reasons = [totals_left_out(places[0], [shape.names[i] for i in sums]), *map(below_totals, places[1:])]
    return TotalsRows(
        tuple(
            rejected(reason, place, None, row.line) for reason, place, row in zip(reasons, places, found, strict=True)
        ),
        tuple(range(first, rows)),
        found[0].start,
        " OR ".join(f"({_same(row.cells)})" for row in found),
    )


def _summed(
    connection: DuckDBPyConnection, path: Path, shape: Shape, row: _LastRow, below: Sequence[_LastRow]
) -> list[int]:
    """The columns in which `row` holds the sum of those above it; none where that does not prove a totals row."""
    if not any(row.cells) or len(row.cells) != shape.width:
        return []
    label = max(map(_label, row.cells))
    if label is _Label.NONE and row.cells[0]:
        return []
    first = _label(next(cell for cell in row.cells if cell)) is _Label.SURE
    for decimal in (shape.decimal, "," if shape.decimal == "." else "."):
        numbers = {i: read for i, cell in enumerate(row.cells) if (read := _number(cell, decimal)) is not None}
        others = [cell for i, cell in enumerate(row.cells) if cell and i not in numbers and not _label(cell)]
        if not numbers or (others and not first):
            continue
        sums = _sums(connection, path, shape, numbers, decimal, below, alone=label is _Label.NONE)
        sure = label is _Label.SURE
        found = [i for i, number in numbers.items() if i in sums and sums[i].is_sum(number, loose=sure)]
        if _proved(found, sums, len(numbers), label):
            return found
    return []


def _may_stand_below(row: _LastRow, width: int) -> bool:
    """True for a row with a name for what it holds, and for a footnote: one text, or less than a row has."""
    named = any(_label(cell) or _is_figure(cell) for cell in row.cells)
    return named or len(row.cells) < width or sum(map(bool, row.cells)) <= 1


def _is_figure(cell: str) -> bool:
    """Whether a cell names a figure about a column, other than its total."""
    return cell.casefold().strip(" :.") in _FIGURES


def _label(cell: str) -> _Label:
    """Whether a cell says that its row is a total, as in `Total:`, `Grand total (EUR)` or `Sum of 2026`."""
    words = _WORD.findall(cell.casefold())
    if not 0 < len(words) <= _LONGEST_LABEL or not _WORDS.intersection(words):
        return _Label.NONE
    others = [word for word in words if word not in _WORDS and word not in _BESIDE]
    return _Label.LIKELY if others else _Label.SURE


def _proved(found: Sequence[int], sums: dict[int, _Sum], numbers: int, label: _Label) -> bool:
    if label is _Label.SURE:
        return any(sums[i].addends >= _NAMED for i in found)
    fewest = _ALONE if label is _Label.NONE and numbers == 1 else _UNNAMED
    proofs = [i for i in found if sums[i].addends >= fewest and sums[i].largest]
    return bool(proofs) if label is _Label.LIKELY else len(proofs) == len(found) == numbers


def _same(cells: Sequence[str]) -> str:
    """SQL that is true for a row of these cells."""
    return " AND ".join(f"coalesce(trim(c{i}::VARCHAR), '') = {text(cell)}" for i, cell in enumerate(cells))


def cut(path: Path, end: int, target: Path) -> Path:
    """The first `end` bytes of a file, at `target`."""
    with path.open("rb") as file, target.open("wb") as out:
        while end > 0 and (chunk := file.read(min(CHUNK, end))):
            out.write(chunk)
            end -= len(chunk)
    return target


def _last(connection: DuckDBPyConnection, path: Path, shape: Shape, rows: int) -> Iterator[_LastRow]:
    """The rows from the last upwards, as far as they can be had without all others."""
    if shape.format.row(shape, path, 0) is not None:
        for number in range(rows - 1, -1, -1):
            query = shape.format.row(shape, path, number)
            values = _asked(connection, f"SELECT COLUMNS(*)::VARCHAR FROM ({query})")
            if not values:
                return
            yield _LastRow(["" if value is None else value.strip() for value in values[0]])
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    while (found := shape.format.last(tail)) is not None:
        line = found.data.decode("utf-8", "replace")
        cells = [cell.strip() for cell in shape.format.cells(line, shape) or ()]
        yield _LastRow(cells, max(0, size - _TAIL) + found.begin if found.own_line else None, line)
        tail = tail[: found.begin]


def _number(cell: str, decimal: str) -> _Number | None:
    """The number that a cell holds with a sign, marks between thousands, or parentheses for minus; None for others."""
    sign = sign_of(cell) or ""
    bare = _GROUPED.sub("", cell.replace(sign, "") if sign else cell).strip(_BLANKS)
    minus = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()").strip(_BLANKS)
    digits = bare.replace(".", "").replace(",", ".") if decimal == "," else bare.replace(",", "")
    try:
        return _Number(-float(digits) if minus else float(digits), digits, sign) if digits[-1:].isdigit() else None
    except ValueError:
        return None


def _sums(
    connection: DuckDBPyConnection,
    path: Path,
    shape: Shape,
    numbers: dict[int, _Number],
    decimal: str,
    below: Sequence[_LastRow],
    *,
    alone: bool,
) -> dict[int, _Sum]:
    """The sums of all rows above one with `numbers`, without those `below` it; none when the first cell is to be
    empty in that row `alone`, and is not."""
    below = [row for row in below if len(row.cells) == shape.width]  # others are read as rejects
    missing = among((*MISSING, *shape.missing))
    items = ["count_if(coalesce(trim(c0::VARCHAR), '') = '')"]
    for i, own in numbers.items():
        number = f"TRY_CAST({_plain(f'c{i}::VARCHAR', decimal, own.sign)} AS DOUBLE)"
        items += [
            f"coalesce(sum({number}), 0)",
            f"coalesce(sum(abs({number})), 0)",
            f"count_if({number} <> 0)",
            f"count_if({number} IS NULL AND NOT {missing.format(v=f'c{i}::VARCHAR')})",
            f"count_if(abs({number}) >= {abs(own.value)!r})",
        ]
    found = _asked(connection, f"SELECT {', '.join(items)} FROM {rows_of(shape, [str(path)], rejects=True)}")
    if not found or (alone and found[0][0] != 1 + sum(not row.cells[0] for row in below)):
        return {}
    sums: dict[int, _Sum] = {}
    for at, (i, own) in zip(range(1, len(found[0]), 5), numbers.items(), strict=True):
        total, size, addends, words, beyond = found[0][at : at + 5]
        under = [read.value for row in below if (read := _number(row.cells[i], decimal)) is not None]
        named = sum(bool(row.cells[i]) for row in below) - len(under)
        sums[i] = _Sum(
            total - own.value - sum(under),
            addends - (own.value != 0) - sum(value != 0 for value in under),
            size,
            words <= named,
            beyond - sum(abs(value) >= abs(own.value) for value in under) == 1,
        )
    return sums


def _asked(connection: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The answer; none where the file cannot be read, which is told when it is."""
    try:
        return connection.execute(query).fetchall()
    except (duckdb.Error, MemoryError):
        return []
    finally:
        forget_rejects(connection)


def _plain(value: str, decimal: str, sign: str) -> str:
    """SQL for the text of a number as a cast reads it."""
    bare = f"replace({value}, {text(sign)}, '')" if sign else value
    bare = f"trim(regexp_replace({bare}, {text(f'[{_BLANKS}]')}, '', 'g'))"
    bare = f"CASE WHEN {bare} LIKE '(%)' THEN '-' || {bare}[2:-2] ELSE {bare} END"
    if decimal == ",":
        return f"replace(replace({bare}, '.', ''), ',', '.')"
    return f"replace({bare}, ',', '')"
