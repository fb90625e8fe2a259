"""An OpenDocument spreadsheet (.ods) looked through before a library may open it.

A few bytes can stand for a million rows of a thousand cells (`number-rows-repeated`), and the library
writes them all out: so the size is known first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from shopfloor.intake import reasons
from shopfloor.intake.reasons import BadFile

MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
# As in an Excel sheet (see `archive`): the library's cell, its text and the row being converted.
_CELL_BYTES = 64
_TAG = re.compile(rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>")
_ROWS = re.compile(rb"table:number-rows-repeated=\"([0-9]{1,9})\"")
_COLUMNS = re.compile(rb"table:number-columns-repeated=\"([0-9]{1,9})\"")
_VALUE = b"office:value-type="
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, KeyError)


@dataclass
class Sheet:
    """What the cells of a sheet come to once every repetition is written out."""

    rows: int = 0  # up to the last one with a value
    width: int = 0
    texts: int = 0  # bytes
    faults: int = 0
    unknown: int = 0


def is_open_document(archive: zipfile.ZipFile) -> bool:
    """True for an archive that says it is such a spreadsheet. Raises `BadFile` for a locked one."""
    names = archive.namelist()
    if "mimetype" not in names or archive.read("mimetype").strip() != MIMETYPE:
        return False
    if _MANIFEST in names and b"encryption-data" in archive.read(_MANIFEST):
        raise BadFile(reasons.workbook_locked())
    return True


def check_spreadsheet(source: Path, memory_mb: int) -> list[Sheet]:
    """The sheets of a spreadsheet. Raises `BadFile` when they do not fit the memory: all are read at once."""
    try:
        with zipfile.ZipFile(source) as archive:
            found = _measure(archive.read(_CONTENT))
    except _BROKEN as error:
        raise BadFile(reasons.workbook_damaged(str(error).strip("'\""))) from None
    limit, cells = (memory_mb << 20) // _CELL_BYTES, sum(sheet.rows * sheet.width for sheet in found)
    if cells > limit:
        raise BadFile(reasons.workbook_too_large(cells, limit))
    if sum(sheet.texts for sheet in found) > memory_mb << 20:
        raise BadFile(reasons.too_large_in_memory(memory_mb))
    return found


def check_values(sheet: Sheet) -> tuple[str, ...]:
    """Raise `BadFile` when the sheet was never calculated. Returns notices about what is missing in it."""
    if sheet.unknown:
        raise BadFile(reasons.workbook_formulas(sheet.unknown))
    if not sheet.faults:
        return ()
    are = "cell holds an error" if sheet.faults == 1 else "cells hold errors"
    return (f"{sheet.faults:,} {are} (such as #N/A or #DIV/0!), taken as missing.",)


def _measure(xml: bytes) -> list[Sheet]:
    """All sheets in order; the tables of a spreadsheet do not nest."""
    sheets: list[Sheet] = []
    before = times = column = 0  # rows above this one, how often it stands, columns so far
    for tag, following in pairwise(chain(_TAG.finditer(xml), [None])):
        assert tag is not None
        closing, kind, attributes = tag.groups()
        if closing:
            continue
        if kind == b"table":
            sheets.append(Sheet())
            before = times = 0
        elif kind == b"table-row":
            before, times, column = before + times, _repeated(_ROWS, attributes), 0
        elif sheets:
            copies = _repeated(_COLUMNS, attributes)
            column += copies
            end = len(xml) if following is None else following.start()
            _count(sheets[-1], attributes, (end - tag.end()), copies * times)
            if _VALUE in attributes:
                sheets[-1].rows = max(sheets[-1].rows, before + times)
                sheets[-1].width = max(sheets[-1].width, column)
    return sheets


def _count(sheet: Sheet, attributes: bytes, size: int, copies: int) -> None:
    sheet.texts += size * copies
    if b'calcext:value-type="error"' in attributes:
        sheet.faults += copies
    elif b"table:formula=" in attributes and _VALUE not in attributes:
        sheet.unknown += copies


def _repeated(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    said = pattern.search(attributes)
    return 1 if said is None else int(said[1])
