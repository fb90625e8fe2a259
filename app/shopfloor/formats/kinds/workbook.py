"""A sheet of a workbook (Excel or .ods) as JSON lines: one line a row of the sheet, so that line numbers are row
numbers.

Cells keep their types: a number is a number, a date an ISO date, a text "007" stays text. Of
formulas the stored results are read; nothing is calculated and no macro is ever run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from shopfloor.domain.column_names import fold
from shopfloor.domain.columns import EXACT
from shopfloor.formats.archive import check_archive, check_sheet
from shopfloor.formats.extent import check_values
from shopfloor.formats.file_format import PreparedFile, Source
from shopfloor.formats.json_lines import JsonLinesFormat
from shopfloor.formats.magic import OLE, ZIP, foreign
from shopfloor.formats.opendocument import check_spreadsheet
from shopfloor.formats.preamble import check_first
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import wrong_format
from shopfloor.formats.reasons.headers import cell_without_name, header_missing, header_only
from shopfloor.formats.reasons.workbooks import empty_sheet, sheet_missing, workbook_damaged, workbook_locked
from shopfloor.formats.rowcount import count_lines
from shopfloor.formats.sniff import headless

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_LOCKED = "EncryptedPackage".encode("utf-16-le")
_BATCH = 4096
_LOOKED = 50  # rows in which the header is looked for


class WorkbookFormat(JsonLinesFormat):
    """One sheet of a workbook, written as JSON lines."""

    label = "a workbook"

    def check(self, head: bytes) -> None:
        if not head.startswith((ZIP, OLE)):
            raise BadFile(wrong_format(self.label, foreign(head) or "something else"))

    def open(self, source: Source) -> PreparedFile:
        """The first sheet, or the one that the settings name; the header is the first row that is not empty.

        Raises `BadFile` for what is damaged, locked, no table, or larger than memory allows.
        """
        path, target, sheet = source.path, source.scratch("jsonl"), source.parser.sheet
        old = _is_old(path)
        open_document = not old and check_archive(path)
        sheets = check_spreadsheet(path, source.memory_mb) if open_document else []
        book = _open(path, target.with_suffix(".xls" if old else ".ods" if open_document else ".xlsx"))
        try:
            name, position = _choose(book, sheet)
            notices: tuple[str, ...] = ()
            if not old:
                notices = check_values(sheets[position]) if sheets else check_sheet(path, position, source.memory_mb)
            if len(book.sheet_names) > 1 and not sheet:
                notices = (*notices, f"Of the workbook's {len(book.sheet_names)} sheets, the first was read: {name!r}.")
            rows = _below_title(_rows(_sheet(book, name), source.parser.skip_lines), source.expected)
            names = _write(rows, target, source.may_be_empty)
        finally:
            book.close()
        return PreparedFile(source.file, self.shape(names), target, count_lines(target), notices)


FORMAT = WorkbookFormat()


def _is_old(source: Path) -> bool:
    """True for the format before 2007. A locked workbook of any format comes in the same wrapping."""
    with source.open("rb") as file:
        if file.read(len(OLE)) != OLE:
            return False
        file.seek(0)
        if _LOCKED in file.read(1 << 20) or _LOCKED in _end(source):
            raise BadFile(workbook_locked())
    return True


def _end(source: Path) -> bytes:
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - (1 << 20)))
        return file.read()


def _open(source: Path, link: Path) -> CalamineWorkbook:
    import python_calamine as calamine

    # The library tells the format by the name.
    link.unlink(missing_ok=True)
    os.symlink(source.absolute(), link)
    try:
        return calamine.CalamineWorkbook.from_path(str(link))
    except calamine.PasswordError:
        raise BadFile(workbook_locked()) from None
    except BaseException as error:  # noqa: BLE001  its panics are no Exception
        _damaged(error)


def _damaged(error: BaseException) -> NoReturn:
    """Everything that the library makes of broken bytes is one reason; an interrupt stays one."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | GeneratorExit):
        raise error
    raise BadFile(workbook_damaged(str(error))) from None


def _choose(book: CalamineWorkbook, wanted: str) -> tuple[str, int]:
    """Name and position of the sheet to read."""
    import python_calamine as calamine

    tables = [
        (each.name, position)
        for position, each in enumerate(book.sheets_metadata)
        if each.typ is calamine.SheetTypeEnum.WorkSheet
    ]
    for name, position in tables:
        if not wanted or name == wanted:
            return name, position
    raise BadFile(sheet_missing(wanted, [name for name, _ in tables]))


def _sheet(book: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except BaseException as error:  # noqa: BLE001  see `_open`
        _damaged(error)


def _rows(sheet: CalamineSheet, skip: int) -> Iterator[tuple[int, list[Any]]]:
    """Rows that hold a value after the first `skip`, numbered from 1 as the sheet does."""
    try:
        for number, row in enumerate(sheet.iter_rows(), 1):
            if number > skip and any(cell != "" for cell in row):
                yield number, row
    except BaseException as error:  # noqa: BLE001  see `_open`
        _damaged(error)


def _below_title(rows: Iterator[tuple[int, list[Any]]], expected: Sequence[str]) -> Iterator[tuple[int, list[Any]]]:
    """The same rows. Raises `BadFile` where the header stands below a title, saying in which row."""
    head = list(islice(rows, _LOOKED))
    check_first([(number, _texts(row)) for number, row in head], frozenset(map(fold, expected)), fold, headless)
    return chain(head, rows)


def _texts(row: Sequence[Any]) -> list[str]:
    """The cells of a row as text, up to the last one with a value."""
    cells = [str(_value(cell) if cell != "" else "") for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _write(rows: Iterator[tuple[int, list[Any]]], target: Path, may_be_empty: bool) -> tuple[str, ...]:
    """The header's names; the rows below it as JSON lines, each on the line of its number."""
    header, first = next(rows, (0, []))
    if not first:
        raise BadFile(empty_sheet())
    names = [str(_value(cell) if cell != "" else "") for cell in first]
    wanted = [(name, at) for at, name in enumerate(names) if name.strip()]
    blank = [at for at, name in enumerate(names) if not name.strip()]
    if headless([name for name, _ in wanted]) or not all(isinstance(first[at], str | float) for _, at in wanted):
        raise BadFile(header_missing([name for name, _ in wanted]))
    encoder, pieces, last = msgspec.json.Encoder(), [b"\n" * header], header
    with target.open("wb") as out:
        for number, row in rows:
            for at in blank:
                if row[at] != "":
                    raise BadFile(cell_without_name(number, at, row[at]))
            line = encoder.encode({name: _value(row[at]) for name, at in wanted})
            pieces.append(b"\n" * (number - last - 1) + line + b"\n")
            last = number
            if len(pieces) > _BATCH:
                out.writelines(pieces)
                pieces = []
        out.writelines(pieces)
    if last == header and not may_be_empty:
        raise BadFile(header_only())
    return tuple(name for name, _ in wanted)


def _value(cell: Any) -> Any:
    """A cell as JSON: empty is missing, whole numbers are whole, durations are hours:minutes:seconds."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= EXACT:
        return int(cell)
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return cell.isoformat() if isinstance(cell, time) else cell
