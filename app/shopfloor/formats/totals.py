"""A totals row at the end of a report: no row of the table, and known by its sums."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from shopfloor.formats.reasons.rows import totals_left_out
from shopfloor.formats.shape import Shape, forget_rejects, rows_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# In English, German, French, Italian, Spanish, Portuguese, Dutch, the Nordic languages, Polish, Czech, Hungarian,
# Turkish, Russian, Chinese and Japanese.
_WORDS = frozenset(
    {
        *(
            "total",
            "totals",
            "sum",
            "sums",
            "overall",
            "summe",
            "gesamt",
            "gesamtsumme",
            "insgesamt",
            "somme",
            "totaux",
        ),
        *(
            "totale",
            "totali",
            "totales",
            "suma",
            "soma",
            "totaal",
            "totalt",
            "totalsumma",
            "summa",
            "yhteensä",
            "razem",
        ),
        *("celkem", "összesen", "toplam", "итого", "всего", "合計", "总计", "总和", "∑", "σ"),
    }
)
_BESIDE = frozenset({"grand", "general", "général", "generale", "geral", "overall", "im", "i", "all", "der", "the"})
_LONGEST_LABEL = 5  # words
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
    """The last row of a file. Of a text also the byte at which its line begins, where it has one of its own, and how
    it is written."""

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
class TotalsRow:
    """A last row that is none of the table's: as a reject, and the byte of a text at which it begins, or SQL over c0,
    c1, … that is true for it."""

    reject: Reject
    row: int
    start: int | None
    test: str


def may_be_totals(texts: Sequence[str | None]) -> bool:
    """False where the texts of a row rule out that it is a total."""
    return not texts[0] or any(_label(cell) for cell in texts if cell)


def totals_row(connection: DuckDBPyConnection, path: Path, shape: Shape, rows: int) -> TotalsRow | None:
    """The last of `rows` rows if it holds the sums of its columns; else None.

    A row that calls itself a total needs one sum; one whose first cell alone is empty needs nothing but sums,
    each beyond all values of its column.
    """
    last = _last(connection, path, shape, rows)
    if last is None or not any(last.cells) or len(last.cells) != shape.width:
        return None
    label = max(map(_label, last.cells))
    if label is _Label.NONE and last.cells[0]:
        return None
    first = _label(next(cell for cell in last.cells if cell)) is _Label.SURE
    for decimal in (shape.decimal, "," if shape.decimal == "." else "."):
        numbers = {i: read for i, cell in enumerate(last.cells) if (read := _number(cell, decimal)) is not None}
        others = [cell for i, cell in enumerate(last.cells) if cell and i not in numbers and not _label(cell)]
        if not numbers or (others and not first):
            continue
        sums = _sums(connection, path, shape, numbers, decimal, alone=label is _Label.NONE)
        sure = label is _Label.SURE
        found = [i for i, number in numbers.items() if i in sums and sums[i].is_sum(number, loose=sure)]
        if _proved(found, sums, len(numbers), label):
            start = last.start
            place = Place(row=rows) if start is None else Place(line=line_of_byte(path, start) + shape.skip)
            reason = totals_left_out(place, [shape.names[i] for i in found])
            return TotalsRow(rejected(reason, place, None, last.line), rows - 1, start, _same(last.cells))
    return None


def _label(cell: str) -> _Label:
    """Whether a cell says that its row is a total, as in `Total:`, `Grand total (EUR)` or `Sum of 2026`."""
    words = re.findall(r"[^\W\d_]+|[∑Σ]", cell.casefold())
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


def _last(connection: DuckDBPyConnection, path: Path, shape: Shape, rows: int) -> _LastRow | None:
    if (query := shape.format.row(shape, path, rows - 1)) is not None:
        values = _asked(connection, f"SELECT COLUMNS(*)::VARCHAR FROM ({query})")
        return _LastRow(["" if value is None else value.strip() for value in values[0]]) if values else None
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        found = shape.format.last(file.read())
    if found is None:
        return None
    line = found.data.decode("utf-8", "replace")
    cells = [cell.strip() for cell in shape.format.cells(line, shape) or ()]
    return _LastRow(cells, max(0, size - _TAIL) + found.begin if found.own_line else None, line)


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
    connection: DuckDBPyConnection, path: Path, shape: Shape, numbers: dict[int, _Number], decimal: str, *, alone: bool
) -> dict[int, _Sum]:
    """The sums of all other rows; none when the first cell is to be empty in the last row `alone`, and is not."""
    missing = among((*MISSING, *shape.missing))
    items = ["count_if(coalesce(trim(c0::VARCHAR), '') = '')"]
    for i, last in numbers.items():
        number = f"TRY_CAST({_plain(f'c{i}::VARCHAR', decimal, last.sign)} AS DOUBLE)"
        items += [
            f"coalesce(sum({number}), 0)",
            f"coalesce(sum(abs({number})), 0)",
            f"count_if({number} <> 0)",
            f"count_if({number} IS NULL AND NOT {missing.format(v=f'c{i}::VARCHAR')})",
            f"count_if(abs({number}) >= {abs(last.value)!r})",
        ]
    found = _asked(connection, f"SELECT {', '.join(items)} FROM {rows_of(shape, [str(path)], rejects=True)}")
    if not found or (alone and found[0][0] != 1):
        return {}
    sums: dict[int, _Sum] = {}
    for at, (i, last) in zip(range(1, len(found[0]), 5), numbers.items(), strict=True):
        total, size, addends, words, beyond = found[0][at : at + 5]
        sums[i] = _Sum(total - last.value, addends - (last.value != 0), size, words == 0, beyond == 1)
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
