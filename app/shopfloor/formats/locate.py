"""From a row or a byte back to the line that a person can look up in the delivered file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shopfloor.formats.format import Format
from shopfloor.formats.reasons import Place
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
    """The places of data rows, counted from 0 among those that fit the header."""
    wanted = set(rows)
    if not wanted:
        return {}
    if shape.format is Format.CSV:
        lines = _csv_lines(path, shape, wanted)
    elif shape.format in {Format.JSON, Format.EXCEL} and not shape.array:
        lines = _json_lines(path, wanted)
    else:
        lines = {}
    return {row: Place(line=lines.get(row), row=row + 1) for row in wanted}


def malformed_line(path: Path) -> tuple[int | None, str]:
    """The first line of a JSON lines file that is no JSON, and why."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                json.loads(line)
            except (ValueError, RecursionError) as error:
                return number, str(error).split(":", 1)[0] or "it is nested too deeply"
    return None, "it cannot be read"


def records_of(lines: Iterable[str], delimiter: str, quote: str) -> Any:
    """A reader of CSV records (`csv.reader`, whose type has no name)."""
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)


def _csv_lines(path: Path, shape: Shape, wanted: set[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    width, last, row = shape.width, max(wanted), -1  # the header is row -1
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = records_of(file, shape.delimiter, shape.quote)
        line = shape.skip + 1
        try:
            for record in reader:
                # A blank line is a missing value in a file of one column, else nothing.
                if len(record) == width or (width == 1 and not record):
                    if row in wanted:
                        found[row] = line
                    if row >= last:
                        break
                    row += 1
                line = shape.skip + reader.line_num + 1
        except csv.Error:  # a field beyond the module's limit
            pass
    return found


def _json_lines(path: Path, wanted: set[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    last, row = max(wanted), 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            if row in wanted:
                found[row] = number
            if row >= last:
                break
            row += 1
    return found
