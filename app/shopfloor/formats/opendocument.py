"""An OpenDocument spreadsheet (.ods) checked before a library opens it.

A few bytes can describe a million rows of a thousand cells (`number-rows-repeated`), and the library
writes them all out: so the size is known first.
"""

from __future__ import annotations

import re
import zipfile
from itertools import chain, pairwise
from pathlib import Path

from shopfloor.formats.extent import BROKEN, Extent, check_cells, check_texts, damaged
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.workbooks import workbook_locked

MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_TAG = re.compile(rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>")
_ROWS = re.compile(rb"table:number-rows-repeated=\"([0-9]{1,9})\"")
_COLUMNS = re.compile(rb"table:number-columns-repeated=\"([0-9]{1,9})\"")
_VALUE = b"office:value-type="


def is_open_document(archive: zipfile.ZipFile) -> bool:
    """True for an archive that says it is such a spreadsheet. Raises `BadFile` for a locked one."""
    names = archive.namelist()
    if "mimetype" not in names or archive.read("mimetype").strip() != MIMETYPE:
        return False
    if _MANIFEST in names and b"encryption-data" in archive.read(_MANIFEST):
        raise BadFile(workbook_locked())
    return True


def check_spreadsheet(source: Path, memory_mb: int) -> list[Extent]:
    """The sheets of a spreadsheet. Raises `BadFile` when they do not fit the memory: all are read at once."""
    try:
        with zipfile.ZipFile(source) as archive:
            found = _measure(archive.read(_CONTENT))
    except BROKEN as error:
        raise damaged(error) from None
    check_cells(sum(sheet.cells for sheet in found), memory_mb)
    check_texts(sum(sheet.texts for sheet in found), memory_mb)
    return found


def _measure(xml: bytes) -> list[Extent]:
    """All sheets in order; the tables of a spreadsheet do not nest."""
    sheets: list[Extent] = []
    before = times = column = 0  # rows above this one, how often it stands, columns so far
    for tag, following in pairwise(chain(_TAG.finditer(xml), [None])):
        assert tag is not None
        closing, kind, attributes = tag.groups()
        if closing:
            continue
        if kind == b"table":
            sheets.append(Extent())
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


def _count(sheet: Extent, attributes: bytes, size: int, copies: int) -> None:
    sheet.texts += size * copies
    if b'calcext:value-type="error"' in attributes:
        sheet.faults += copies
    elif b"table:formula=" in attributes and _VALUE not in attributes:
        sheet.unknown += copies


def _repeated(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    found = pattern.search(attributes)
    return 1 if found is None else int(found[1])
