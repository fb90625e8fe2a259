"""The header of a CSV file: delimiter, names, decimal mark. Never the types: those are pinned."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shopfloor.domain.column_names import fold
from shopfloor.domain.contract import Parser
from shopfloor.domain.dialect import NO_QUOTES
from shopfloor.formats.file_format import HEAD, FileFormat
from shopfloor.formats.locate import records_of
from shopfloor.formats.preamble import check_first
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.encodings import not_utf8
from shopfloor.formats.reasons.files import blank_file
from shopfloor.formats.reasons.headers import header_missing, header_only, header_too_long
from shopfloor.formats.shape import TEXT, Shape, check_names

_RECORDS = 100
_MOSTLY = 0.5  # of the records are as wide as the header of a table
# A space and all else that occurs in ordinary text must be configured; it is never detected.
_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01")
_VALUE = re.compile(
    r"\s*(?:[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?"
    r"|\d{4}-\d{1,2}-\d{1,2}(?:[T ].*)?|\d{1,2}\.\d{1,2}\.\d{4}(?: .*)?|true|false)\s*",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_APOSTROPHES = re.compile(r"'[^'\"]+'(?:[^\w\s'\"]|\t)'[^'\"]+'(?:(?:[^\w\s'\"]|\t)'[^'\"]+')*")
_FREE = Parser()
_COMMA_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_POINT_NUMBER = re.compile(r"[-+]?\d+\.\d+")


@dataclass(frozen=True)
class _Split:
    """The first records under one delimiter."""

    delimiter: str
    records: list[list[str]]

    @property
    def rank(self) -> tuple[float, int]:
        """Share of records as wide as the header, then width; one column says nothing."""
        width = len(self.records[0])
        if width < 2:
            return (0.0, width)
        same = sum(len(record) == width for record in self.records)
        return (round(same / len(self.records), 1), width)


def sniff_csv(
    format: FileFormat,
    head: bytes,
    *,
    whole: bool,
    expected: Sequence[str] = (),
    parser: Parser = _FREE,
    may_be_empty: bool = False,
    above: int = 0,
) -> Shape:
    """The shape of a delimited file from its first bytes, `whole` when there are no more.

    `above` lines were taken off its start. `expected` are the contract's column names: the delimiter that
    yields the most of them wins. What `parser` says is not found out but taken. Raises `BadFile` for an empty
    file, a header that is missing, alone (unless the table `may_be_empty`), below something else, too long or
    not UTF-8, and for bad names.
    """
    text = _decode(head, whole)
    if not text.strip():
        raise BadFile(blank_file())
    quote = _quote(text, parser)
    splits = _splits(text, whole, quote, parser)
    best = _choose(splits, expected)
    header = best.records[0]
    # A first line that names a column we know is the header, even where other columns are absent.
    known = {fold(column) for column in expected}.intersection(map(fold, header))
    if not known and not _fits(best, expected):
        _check_preamble(text, splits, quote, expected, above)
    if not whole and "\n" not in text and "\r" not in text:
        raise BadFile(header_too_long(HEAD))
    if set(map(fold, header)) != set(map(fold, expected)) and headless(best.records[0]):
        raise BadFile(header_missing(header))
    if whole and len(best.records) == 1 and not may_be_empty:
        raise BadFile(header_only())
    check_names(header)
    return Shape(
        format=format,
        names=tuple(header),
        raw=(TEXT,) * len(header),
        delimiter=best.delimiter,
        quote=quote,
        decimal=parser.decimal or (_decimal(best) if best.delimiter == ";" else "."),
        skip=above,
    )


def _fits(split: _Split, expected: Sequence[str]) -> bool:
    """True when the first record may well be the header."""
    header = split.records[0]
    names = [fold(cell) for cell in header]
    known = set(map(fold, expected)) <= set(names)
    named = len(header) > 1 and all(cell.strip() for cell in header) and len(set(names)) == len(names)
    return known and named and not headless(header) and split.rank[0] >= _MOSTLY


def _check_preamble(text: str, splits: Sequence[_Split], quote: str, expected: Sequence[str], above: int) -> None:
    """Raise `BadFile` when the header stands below something else, under any of the delimiters."""
    lines = list(io.StringIO(text, newline=""))
    for split in splits:
        records: list[tuple[int, list[str]]] = []
        reader = records_of(lines, split.delimiter, quote)
        line = above + 1
        try:
            for record in reader:
                if record:
                    records.append((line, record))
                line = above + reader.line_num + 1
                if len(records) >= len(split.records):
                    break
        except csv.Error:
            pass
        check_first(records, frozenset(map(fold, expected)), fold, headless)


def header_line(head: bytes) -> bytes | None:
    """The raw first line, by which equal headers are recognised; None when it holds quotes."""
    line, end, _ = head.partition(b"\n")
    return line if end and b'"' not in line else None


def _decode(head: bytes, whole: bool) -> str:
    body = head.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut may fall into a character.
        if not whole and error.start >= len(body) - 3:
            return body[: error.start].decode("utf-8")
        line = body.count(b"\n", 0, error.start) + 1
        raise BadFile(not_utf8(line)) from None


def _quote(text: str, parser: Parser) -> str:
    """The quote mark: as given, else the apostrophe where all of the header is quoted with it, else `"`."""
    if parser.quote:
        return "" if parser.quote == NO_QUOTES else parser.quote
    header = next(iter(text.splitlines()), "").removeprefix("\ufeff")
    return "'" if _APOSTROPHES.fullmatch(header) else '"'


def _splits(text: str, whole: bool, quote: str, parser: Parser) -> list[_Split]:
    # newline="": only CR, LF and CRLF end a line, and none is translated.
    lines = list(io.StringIO(text, newline=""))
    complete = lines if whole or len(lines) < 2 else lines[:-1]
    delimiters = (parser.delimiter,) if parser.delimiter else _DELIMITERS
    found = [_Split(delimiter, _records(complete, delimiter, quote)) for delimiter in delimiters]
    readable = [split for split in found if split.records]
    if not readable:
        raise BadFile(header_too_long(HEAD))
    if all(len(split.records[0]) < 2 for split in readable):
        colons = _by_colons(complete, quote, parser)
        readable += [colons] if colons is not None else []
    return readable


def _records(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    """The first records that are not blank, up to one that is too long to be one."""
    records: list[list[str]] = []
    try:
        for record in records_of(lines, delimiter, quote):
            if record:
                records.append(record)
            if len(records) > _RECORDS:
                break
    except csv.Error:
        pass
    return records


def _by_colons(lines: list[str], quote: str, parser: Parser) -> _Split | None:
    """Times contain colons, too: they count only where nothing else does and all records agree."""
    records = [] if parser.delimiter else _records(lines, ":", quote)
    split = _Split(":", records)
    return split if len(records) > 1 and split.rank[0] == 1.0 and _agree(records) else None


def _agree(records: list[list[str]]) -> bool:
    return len({len(record) for record in records}) == 1


def _choose(splits: list[_Split], expected: Sequence[str]) -> _Split:
    wanted = set(map(fold, expected))
    # max keeps the first of equals, so a comma wins a tie.
    return max(splits, key=lambda split: (len(wanted.intersection(map(fold, split.records[0]))), split.rank))


def headless(header: Sequence[str]) -> bool:
    """True when half or more of the first record's cells look like values.

    Years are plausible names (a wide table); empty cells say nothing.
    """
    cells = [cell for cell in header if cell.strip()]
    values = [cell for cell in cells if _VALUE.fullmatch(cell) and not _YEAR.fullmatch(cell)]
    return bool(values) and 2 * len(values) >= len(cells)


def _decimal(split: _Split) -> str:
    """`,` when the first records hold numbers with a decimal comma and none with a point."""
    seen: Counter[str] = Counter()
    for record in split.records[1:]:
        for cell in record:
            if _COMMA_NUMBER.fullmatch(cell):
                seen[","] += 1
            elif _POINT_NUMBER.fullmatch(cell):
                seen["."] += 1
    return "," if seen[","] and not seen["."] else "."
