"""CSV for people: no cell of it is run by a spreadsheet or acted on by a terminal."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shopfloor.domain.text import counted, safe

FORMULA = "^[=+@\t\r\n\\-\uff1d\uff0b\uff0d\uff20]"
"""How a text begins that a spreadsheet takes for a formula and runs (OWASP, "CSV injection")."""
NUMBER = r"^[+-]?[0-9.,]*[0-9][0-9.,]*([eE][+-]?[0-9]+)?$"
"""A number, which may begin with a sign: it is no formula."""
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""What moves a terminal's cursor or turns its text around; tabs and line ends are a cell's own."""

_FORMULA, _NUMBER, _CONTROL = re.compile(FORMULA), re.compile(NUMBER), re.compile(CONTROL)


class CsvText(NamedTuple):
    """A whole CSV file, and how many of its cells were made safe."""

    text: str
    changed: int


def is_formula(text: str) -> bool:
    """True for a text that a spreadsheet would run."""
    return bool(_FORMULA.match(text)) and not _NUMBER.match(text)


def safe_cell(text: str) -> str:
    """A text cell with control characters made visible, and an apostrophe before what would be a formula."""
    shown = _CONTROL.sub(lambda found: safe(found.group()), text)
    return f"'{shown}" if is_formula(shown) else shown


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]], *, raw: bool = False) -> CsvText:
    """RFC 4180 with LF line ends; a missing value is empty. Numbers are untouched, and `raw` leaves all as it is."""
    lines = _LfLines()
    writer = csv.writer(lines, lineterminator="\r\n")
    changed = 0
    for row in (names, *rows):
        cells = ["" if value is None else value for value in row]
        if not raw:
            made = [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]
            changed += sum(new is not old and new != old for new, old in zip(made, cells, strict=True))
            cells = made
        writer.writerow(cells)
    return CsvText("".join(lines), changed)


class _LfLines(list[str]):
    """Ends lines in LF; the writer must think of CR LF, or it leaves a CR within a cell without quotes."""

    def write(self, line: str) -> None:
        self.append(f"{line[:-2]}\n")


def changes_note(changed: int, how: str = "") -> str:
    """The note about cells that were made safe; empty without any. `how` says how to get them as they are."""
    if not changed:
        return ""
    return (
        f"{counted(changed, 'cell')} made safe for spreadsheets and terminals (an apostrophe before a formula, "
        f"control characters visible).{f' As they are: {how}.' if how else ''}"
    )
