"""A workbook checked as a ZIP archive of XML before a library opens it.

The library keeps a sheet as a rectangle in memory: two cells in opposite corners of an empty sheet
would fill 400 GB. So the size is known first.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from shopfloor.formats.extent import BROKEN, Extent, check_cells, check_texts, check_values, damaged
from shopfloor.formats.opendocument import is_open_document
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import expands_too_much, wrong_format
from shopfloor.formats.text import FREE_BYTES, MAX_RATIO

_CHUNK = 1 << 20
_LONGEST = 16 << 20
_BOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*?\w+:id=\"([^\"]+)\"")
_LINK = re.compile(rb"<Relationship\s[^>]*>")
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=\"([A-Za-z]{1,3})([0-9]{1,7})\"")
_TEXT_CELL = re.compile(rb"\bt=\"s\"[^>]*><(?:\w+:)?v>([0-9]{1,9})<")
_STRINGS = "xl/sharedStrings.xml"
_FAULT = re.compile(rb"<(?:\w+:)?c\s[^>]*\bt=\"e\"")
_UNKNOWN = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]*/>)(?:<(?:\w+:)?v>\s*</(?:\w+:)?v>|<(?:\w+:)?v ?/>)?</(?:\w+:)?c>"
)


def check_archive(source: Path) -> bool:
    """Raise `BadFile` unless all of the archive unpacks, to a size that real workbooks have.

    True for an OpenDocument spreadsheet, False for one of Excel.
    """
    limit = max(FREE_BYTES, MAX_RATIO * source.stat().st_size)
    size = 0
    try:
        with zipfile.ZipFile(source) as archive:
            open_document = is_open_document(archive)
            if not open_document and _BOOK not in archive.namelist():
                raise BadFile(wrong_format("a workbook", "another kind of ZIP archive"))
            for entry in archive.infolist():
                for piece in _pieces(archive, entry.filename):
                    size += len(piece)
                    if size > limit:
                        raise BadFile(expands_too_much(MAX_RATIO, size))
    except BROKEN as error:
        raise damaged(error) from None
    return open_document


def check_sheet(source: Path, position: int, memory_mb: int) -> tuple[str, ...]:
    """Raise `BadFile` when the sheet at `position` does not fit the memory or was never calculated.

    Returns notices about what is missing in it.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            part = _part(archive, position)
            found = _extent(archive, part)
            check_cells(found.cells, memory_mb)
            check_texts(_text_size(archive, part, found.texts, memory_mb << 20), memory_mb)
    except BROKEN as error:
        raise damaged(error) from None
    return check_values(found, of=" of Excel")


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        while piece := file.read(_CHUNK):
            yield piece


def _part(archive: zipfile.ZipFile, position: int) -> str:
    """The archive's name of the sheet at `position`."""
    id = _SHEET.findall(archive.read(_BOOK))[position]
    for link in _LINK.findall(archive.read(_LINKS)):
        if b'Id="' + id + b'"' in link:
            target = re.search(rb"Target=\"([^\"]+)\"", link)
            if target is not None:
                path = target[1].decode()
                return path[1:] if path.startswith("/") else f"xl/{path}"
    raise KeyError("a sheet is listed but not there")


def _extent(archive: zipfile.ZipFile, part: str) -> Extent:
    found, rest = Extent(), b""
    for piece in _pieces(archive, part):
        rest += piece
        # A cell that goes on in the next chunk is checked then.
        end = rest.rfind(b"<c ")
        if end <= 0:
            if len(rest) > _LONGEST:
                raise ValueError("a single cell is larger than 16 MB")
            continue
        _measure(found, rest[:end])
        rest = rest[end:]
    _measure(found, rest)
    return found


def _measure(found: Extent, xml: bytes) -> None:
    places = _CELL.findall(xml)
    if places:
        found.rows = max(found.rows, max(int(row) for _, row in places))
        found.width = max(found.width, *(_number(letters) for letters in {letters for letters, _ in places}))
    found.texts += xml.count(b't="s"')
    found.faults += len(_FAULT.findall(xml))
    found.unknown += len(_UNKNOWN.findall(xml)) if b"f>" in xml or b"/></" in xml else 0


def _text_size(archive: zipfile.ZipFile, part: str, cells: int, limit: int) -> int:
    """Bytes of text in a sheet's cells, which share a list of texts but get a copy each; 0 for "few"."""
    if not cells or _STRINGS not in archive.namelist():
        return 0
    lengths: list[int] = []
    rest = b""
    for piece in _pieces(archive, _STRINGS):
        *whole, rest = (rest + piece).split(b"</si>")
        lengths += map(len, whole)
    if cells * max(lengths, default=0) <= limit:
        return 0
    size, rest = 0, b""
    for piece in _pieces(archive, part):
        *_, rest = (start := rest + piece).rpartition(b"<c ")
        used = map(int, _TEXT_CELL.findall(start[: len(start) - len(rest)]))
        size += sum(lengths[index] for index in used if index < len(lengths))
    return size


def _number(letters: bytes) -> int:
    """`A` is 1, `AA` 27."""
    value = 0
    for letter in letters.upper():
        value = 26 * value + letter - 64
    return value
