"""Which line of a text file a row stands in: a second look, taken only when a line must be named."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import islice

from shopfloor.serving.plain import PlainText, open_text

FIELD_LIMIT = 8 << 20
"""Longest field and header, in characters."""


def _csv_records(plain: PlainText, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with its first line. Quoted fields may span lines, so lines
    are counted with a second look at the file, and only when one has to be named."""
    csv.field_size_limit(FIELD_LIMIT)
    with open_text(plain) as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        before = 0
        try:
            for cells in reader:
                if cells:
                    yield before + 1, cells
                before = reader.line_num
        except csv.Error:
            yield before + 1, []


def csv_line(plain: PlainText, delimiter: str, row: int) -> int:
    """The line where data row `row` (from 0) of a CSV file starts."""
    records = _csv_records(plain, delimiter)
    return next((line for line, _ in islice(records, row + 1, None)), row + 2)


def csv_fault(plain: PlainText, delimiter: str) -> int | None:
    """The first line with another number of fields than the header, or with a quote left open."""
    width = 0
    for line, cells in _csv_records(plain, delimiter):
        width = width or len(cells)
        if len(cells) != width and not (len(cells) == width + 1 and cells[-1] == ""):
            return line
    return None


def json_line(plain: PlainText, row: int) -> int:
    """The line that holds object `row` (from 0) of a JSON-lines file."""
    with open_text(plain) as text:
        lines = (number for number, line in enumerate(text, start=1) if line.strip())
        return next(islice(lines, row, None), row + 1)


def json_fault(plain: PlainText) -> int | None:
    """The first line that is no JSON object."""
    with open_text(plain) as text:
        for number, line in enumerate(text, start=1):
            try:
                usable = not line.strip() or isinstance(json.loads(line), dict)
            except (ValueError, RecursionError):
                usable = False
            if not usable:
                return number
    return None
