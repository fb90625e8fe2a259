"""A totals row at the end of a report: no row of the table, and known by its sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.reject import Reject
from shopfloor.formats import reasons
from shopfloor.formats.encoding import CHUNK
from shopfloor.formats.evidence import rejected
from shopfloor.formats.locate import line_of_byte
from shopfloor.formats.reasons import Place
from shopfloor.formats.shape import Shape, forget_rejects, rows_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# In English, German, French, Italian, Spanish, Portuguese, Dutch, Swedish and Polish.
_WORDS = frozenset(
    {
        *("total", "totals", "grand total", "sum", "sums", "overall", "overall total", "summe", "gesamt"),
        *("gesamtsumme", "insgesamt", "somme", "total général", "totaux", "totale", "totali", "suma"),
        *("total general", "soma", "totaal", "totalt", "razem"),
    }
)
_TAIL = 1 << 16
_NAMED, _UNNAMED, _ALONE = 2, 3, 5  # addends other than 0 that a sum needs


@dataclass(frozen=True)
class _LastRow:
    """The last row of a text: where its line begins, its cells, and the line as it stands."""

    start: int
    cells: list[str]
    line: str


@dataclass(frozen=True)
class _Sum:
    """What a column says about the last row's number in it: the others' sum, how many are not 0, and their size."""

    total: float
    addends: int
    size: float
    numbers_only: bool
    largest: bool

    def is_sum(self, cell: str, value: float, loose: bool) -> bool:
        """True when `value`, written as `cell`, is the sum: exactly as written, or `loose`, of rounded numbers."""
        whole, _, fraction = cell.replace(",", ".").rpartition(".")
        half = 0.5 * 10.0 ** -(len(fraction) if whole else 0)
        room = half + 1e-9 * self.size
        if loose:
            room = max(room, min(half * (self.addends + 1), 1e-3 * abs(self.total)))
        return self.numbers_only and abs(value - self.total) <= room


def totals_row(connection: DuckDBPyConnection, path: Path, shape: Shape) -> tuple[int, Reject] | None:
    """The byte at which the last row begins, and the row, if it holds the sums of its columns; else None.

    A row that calls itself a total needs one sum; one whose first cell alone is empty needs nothing but sums,
    each beyond all values of its column.
    """
    last = _last(path, shape)
    if last is None:
        return None
    named = next((cell for cell in last.cells if cell), "").casefold().rstrip(":. ") in _WORDS
    if not named and last.cells[0]:
        return None
    for decimal in (shape.decimal, "," if shape.decimal == "." else "."):
        numbers = {i: value for i, cell in enumerate(last.cells) if (value := _number(cell, decimal)) is not None}
        others = [cell for i, cell in enumerate(last.cells) if cell and i not in numbers]
        if not numbers or (not named and others):
            continue
        sums = _sums(connection, path, shape, numbers, decimal, alone=not named)
        found = [i for i, value in numbers.items() if i in sums and sums[i].is_sum(last.cells[i], value, loose=named)]
        if _proved(found, sums, len(numbers), named=named):
            line = line_of_byte(path, last.start) + shape.skip
            reason = reasons.totals_row(line, [shape.names[i] for i in found])
            return last.start, rejected(reason, Place(line=line), None, last.line)
    return None


def _proved(found: Sequence[int], sums: dict[int, _Sum], numbers: int, *, named: bool) -> bool:
    if named:
        return any(sums[i].addends >= _NAMED for i in found)
    fewest = _UNNAMED if numbers > 1 else _ALONE
    return len(found) == numbers and all(sums[i].addends >= fewest and sums[i].largest for i in found)


def cut(path: Path, end: int, target: Path) -> Path:
    """The first `end` bytes of a file, at `target`."""
    with path.open("rb") as file, target.open("wb") as out:
        while end > 0 and (chunk := file.read(min(CHUNK, end))):
            out.write(chunk)
            end -= len(chunk)
    return target


def _last(path: Path, shape: Shape) -> _LastRow | None:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        tail = file.read().rstrip()
    begin = tail.rfind(b"\n") + 1
    if not begin:
        return None
    line = tail[begin:].decode("utf-8", "replace")
    cells = [cell.strip() for cell in shape.format.cells(line, shape) or ()]
    if not any(cells):
        return None
    return _LastRow(max(0, size - _TAIL) + begin, cells, line)


def _number(cell: str, decimal: str) -> float | None:
    plain = cell.replace(".", "").replace(",", ".") if decimal == "," else cell.replace(",", "")
    try:
        return float(plain) if plain[-1:].isdigit() else None
    except ValueError:
        return None


def _sums(
    connection: DuckDBPyConnection, path: Path, shape: Shape, numbers: dict[int, float], decimal: str, *, alone: bool
) -> dict[int, _Sum]:
    """The sums of all other rows; none when the first cell is to be empty in the last row `alone`, and is not."""
    items = ["count_if(coalesce(trim(c0), '') = '')"]
    for i, value in numbers.items():
        number = f"TRY_CAST({_plain(f'c{i}', decimal)} AS DOUBLE)"
        items += [
            f"coalesce(sum({number}), 0)",
            f"coalesce(sum(abs({number})), 0)",
            f"count_if({number} <> 0)",
            f"count_if({number} IS NULL AND trim(c{i}) <> '')",
            f"count_if(abs({number}) >= {abs(value)!r})",
        ]
    try:
        row = connection.execute(
            f"SELECT {', '.join(items)} FROM {rows_of(shape, [str(path)], rejects=True)}"
        ).fetchall()[0]
    except (duckdb.Error, MemoryError):
        return {}  # what is wrong with the file is reported when it is read
    finally:
        forget_rejects(connection)
    if alone and row[0] != 1:
        return {}
    found: dict[int, _Sum] = {}
    for at, (i, value) in zip(range(1, len(row), 5), numbers.items(), strict=True):
        total, size, addends, words, beyond = row[at : at + 5]
        found[i] = _Sum(total - value, addends - (value != 0), size, words == 0, beyond == 1)
    return found


def _plain(value: str, decimal: str) -> str:
    if decimal == ",":
        return f"replace(replace(trim({value}), '.', ''), ',', '.')"
    return f"replace(trim({value}), ',', '')"
