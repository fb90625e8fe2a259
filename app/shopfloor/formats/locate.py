"""From a row or a byte back to its line in the delivered file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.shape import Shape

_CHUNK = 1 << 20
_LOOK = 64


def line_of_byte(path: Path, offset: int) -> int:
    """The line, from 1, on which the byte at `offset` stands."""
    line, left = 1, offset
    with path.open("rb") as file:
        first = file.readline(_CHUNK)
        # Old Macintosh files end lines with CR alone.
        end = b"\r" if b"\r" in first and not first.endswith(b"\n") else b"\n"
        file.seek(0)
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            line += chunk.count(end)
            left -= len(chunk)
    return line


def lines_of_bytes(path: Path, offsets: Iterable[int]) -> dict[int, int]:
    """`line_of_byte` for many offsets, in one reading of the file."""
    wanted = sorted(set(offsets))
    found: dict[int, int] = {}
    line, at = 1, 0
    with path.open("rb") as file:
        first = file.readline(_CHUNK)
        end = b"\r" if b"\r" in first and not first.endswith(b"\n") else b"\n"
        file.seek(0)
        for offset in wanted:
            while at < offset and (chunk := file.read(min(_CHUNK, offset - at))):
                line += chunk.count(end)
                at += len(chunk)
            found[offset] = line
    return found


def filled(path: Path, offsets: Iterable[int]) -> dict[int, int]:
    """For each offset the first one from there on that is no line end: DuckDB counts the blank lines before a
    row as its own."""
    found: dict[int, int] = {}
    with path.open("rb") as file:
        for offset in offsets:
            at = offset
            file.seek(at)
            while (piece := file.read(_LOOK)) and not piece.strip(b"\r\n"):
                at += len(piece)
            found[offset] = at + len(piece) - len(piece.lstrip(b"\r\n"))
    return found


def places(path: Path, shape: Shape, rows: Iterable[int]) -> dict[int, Place]:
    """The places of data rows, counted from 0 among those that fit the header and are not left out."""
    wanted = {row: _delivered(row, shape) for row in rows}
    if not wanted:
        return {}
    lines = shape.format.lines(path, shape, set(wanted.values()))
    return {row: Place(line=lines.get(at), row=at + 1) for row, at in wanted.items()}


def _delivered(row: int, shape: Shape) -> int:
    """The number of a row in the file itself."""
    for left_out in shape.left_out.rows if shape.left_out is not None else ():
        row += left_out <= row
    return row


def records_of(lines: Iterable[str], delimiter: str, quote: str) -> Any:
    """A reader of CSV records (`csv.reader`, whose type has no name)."""
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)
