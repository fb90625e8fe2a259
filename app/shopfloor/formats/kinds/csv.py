"""Delimited text: its header found, its quotes followed, its rows counted, before it is parsed."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shopfloor.domain.contract import Parser
from shopfloor.domain.dialect import NO_QUOTES
from shopfloor.domain.file import Reason
from shopfloor.domain.text import counted
from shopfloor.duck.sql import text as quoted
from shopfloor.formats.file_format import HEAD, FileFormat, PreparedFile, Source, first_line, head_of
from shopfloor.formats.locate import records_of
from shopfloor.formats.quoting import BACKSLASH, Quoting, whole_lines
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.encodings import not_utf8
from shopfloor.formats.reasons.files import blank_file, unreadable
from shopfloor.formats.reasons.rows import line_too_long, open_quote, quotes_and_line_ends
from shopfloor.formats.rowcount import RowCount, count_delimited
from shopfloor.formats.shape import REJECT_SCANS, REJECTS, Shape
from shopfloor.formats.sniff import header_line, sniff_csv
from shopfloor.formats.text import PlainText, below, plain, tidied

ESCAPED = (
    "Quotes inside quoted text are escaped with a backslash, as Spark and MySQL write them; "
    '[parser] escape = "\\\\" says so for all files.'
)
_BLANK_START = re.compile(rb"(?:\xef\xbb\xbf)?((?:\r\n|\r|\n)+)")
_END = re.compile(rb"\r\n|\r|\n")


FEWEST = 8
"""Files that are read faster as one: opening a file costs DuckDB half a millisecond, more than a hundred rows."""


class CsvFormat(FileFormat):
    """Text whose fields are apart by a delimiter."""

    label = "CSV"
    by_line = True

    def open(self, source: Source) -> PreparedFile:
        parser, scratch = source.parser, source.scratch("plain")
        text = plain(source.path, source.head, scratch, encoding=parser.encoding, skip=parser.skip_lines)
        found = ready(text, scratch, parser, lambda head, above: self._sniff(source, head, above))
        kept = _kept(found.path) if parser.quote == NO_QUOTES else ()
        comma = ("Numbers are written with a decimal comma.",) if found.shape.decimal == "," else ()
        return PreparedFile(
            source.file,
            found.shape,
            found.path,
            found.rows,
            (*found.notices, *kept, *comma),
            escape=found.escape,
            escapes=found.escapes,
        )

    def _sniff(self, source: Source, head: bytes, above: int) -> Shape:
        line = header_line(head) if source.file.parser is None else None
        # Files of a burst share their header; a semicolon's decimal mark must be checked.
        if line is not None and len(head) > len(line) + 2:
            known = source.headers.get(line)
            if known is not None and known.delimiter != ";":
                return replace(known, skip=above)
        shape = sniff_csv(
            self,
            head,
            whole=len(head) < HEAD,
            expected=source.expected,
            parser=source.parser,
            may_be_empty=source.may_be_empty,
            above=above,
        )
        if line is not None:
            source.headers[line] = shape
        return shape

    def scan(self, shape: Shape, files: str, *, rejects: bool) -> str:
        # A quoted empty field is an empty text, an unquoted one is missing. The line end must not
        # be given: with a wrong one DuckDB 2.0 returns no rows and no error.
        options = (
            f"columns = {{{self._types(shape)}}}, header = true, auto_detect = false, "
            f"delim = {quoted(shape.delimiter)}, quote = {quoted(shape.quote)}, escape = {quoted(shape.quote)}, "
            "allow_quoted_nulls = false"
        )
        if rejects:
            options += (
                f", store_rejects = true, rejects_table = '{REJECTS}', "
                f"rejects_scan = '{REJECT_SCANS}', rejects_line_size_limit = 1000"
            )
        return f"read_csv({files}, {options})"

    def _types(self, shape: Shape) -> str:
        return ", ".join(f"'c{i}': 'VARCHAR'" for i in range(shape.width))

    def columns(self, shape: Shape) -> str:
        return ", ".join(f"c{i}" for i in range(shape.width))

    def lines(self, path: Path, shape: Shape, rows: Collection[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        width, last, row = shape.width, max(rows), -1  # the header is row -1
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = records_of(file, shape.delimiter, shape.quote)
            line = shape.skip + 1
            try:
                for record in reader:
                    # A blank line is a missing value in a file of one column, else nothing.
                    if len(record) == width or (width == 1 and not record):
                        if row in rows:
                            found[row] = line
                        if row >= last:
                            break
                        row += 1
                    line = shape.skip + reader.line_num + 1
            except csv.Error:  # a field beyond the module's limit
                pass
        return found

    def cells(self, line: str, shape: Shape) -> list[str] | None:
        if shape.quote and line.count(shape.quote) % 2:
            return None
        found: list[str] = next(records_of([line], shape.delimiter, shape.quote), [])
        return found if len(found) == shape.width else None

    def reason(self, message: str, path: Path) -> Reason:
        if "unicode" in message or "utf-8" in message:
            return not_utf8(None)
        if "Maximum line size" in message or "max_line_size" in message:
            return line_too_long(None)
        if "state machine" in message:
            return quotes_and_line_ends()
        return unreadable(first_line(message))

    def bundle(self, paths: Sequence[Path], shape: Shape, target: Path) -> Shape | None:
        """The lines of all files, each with the file's index in front.

        Only where every line is a record: no quotes and no carriage returns. None, and an incomplete `target`,
        when they are not such files. A line that does not fit the header does not fit here either.
        """
        if len(paths) < FEWEST:
            return None
        mark, quote = shape.delimiter.encode(), shape.quote.encode()
        with target.open("wb") as out:
            out.write(mark.join(b"x" for _ in range(shape.width + 1)) + b"\n")
            for number, path in enumerate(paths):
                content = path.read_bytes()
                if (quote and quote in content) or b"\r" in content:
                    return None
                body = content.partition(b"\n")[2].removesuffix(b"\n")
                if body:
                    start = b"%d" % number + mark
                    out.write(start + body.replace(b"\n", b"\n" + start) + b"\n")
        return replace(shape, format=_BUNDLE)


class BundleFormat(CsvFormat):
    """Many small files as one, so that a burst costs what one file of its size costs."""

    index = "f"

    def _types(self, shape: Shape) -> str:
        return f"'f': 'BIGINT', {super()._types(shape)}"


FORMAT, _BUNDLE = CsvFormat(), BundleFormat()


@dataclass(frozen=True)
class Delimited:
    """A text of `rows` rows that can be read as `shape`, from `path`.

    `escape` is the escape character that it was written with and that `path` is free of. `escapes` says that
    a backslash precedes a quote, whatever it means there.
    """

    path: Path
    shape: Shape
    rows: int
    escape: str = ""
    escapes: bool = False
    notices: tuple[str, ...] = ()


def ready(text: PlainText, scratch: Path, parser: Parser, sniff: Callable[[bytes, int], Shape]) -> Delimited:
    """`text`, or a copy beside `scratch`, as DuckDB can read it. `sniff` gives the shape that first bytes have,
    and how many lines stand above them.

    Raises `BadFile` for what has no header and for a quote that never ends.
    """
    begun, blank, head = _begun(text.path, scratch)
    shape = sniff(head, parser.skip_lines + blank)
    path, escape = begun, parser.escape
    notices: tuple[str, ...] = ()
    if escape:
        path, shape, notices = _doubled(begun, scratch, shape, _walk(shape, escape), sniff)
    elif text.uneven:
        path, notices = tidied(begun, _beside(scratch, "even"), _walk(shape))
    count = _count(path, shape)
    if count.escapes and (count.unclosed or count.malformed) and not escape:
        walk = _walk(shape, BACKSLASH)
        found, other, noted = _doubled(begun, scratch, shape, walk, sniff)
        if not walk.unclosed and not walk.malformed:
            # Read without an escape character the quotes make no sense, with it all of them do.
            path, shape, escape, notices = found, other, BACKSLASH, (*noted, ESCAPED)
            count = _count(path, shape)
    if count.unclosed:
        raise BadFile(open_quote(count.unclosed, escapes=count.escapes and not escape))
    return Delimited(path, shape, count.rows, escape, count.escapes and not escape, (*text.notices, *notices))


def _kept(path: Path) -> tuple[str, ...]:
    """What is said of a text whose quote marks are ordinary characters."""
    lines = sum(sum(b'"' in line for line in chunk.splitlines()) for chunk in whole_lines(path) if b'"' in chunk)
    if not lines:
        return ()
    said = counted(lines, "line holds", "lines hold")
    return (f'Quote marks are ordinary characters here (quote = "none"): {said} some, which stay in the values.',)


def _begun(path: Path, scratch: Path) -> tuple[Path, int, bytes]:
    """The text from its first line on that is not empty, how many stand above it, and its first bytes.

    DuckDB takes an empty first line for the header.
    """
    head = head_of(path)
    blank = _BLANK_START.match(head)
    if blank is None:
        return path, 0, head
    if not head.removeprefix(BOM_UTF8).strip():
        raise BadFile(blank_file())
    lines = len(_END.findall(blank[1]))
    begun = below(path, _beside(scratch, "begun"), lines)
    return begun, lines, head_of(begun)


def _doubled(
    path: Path, scratch: Path, shape: Shape, walk: Quoting, sniff: Callable[[bytes, int], Shape]
) -> tuple[Path, Shape, tuple[str, ...]]:
    """The text without its escape character, its shape, and notices."""
    path, notices = tidied(path, _beside(scratch, "doubled"), walk)
    return path, sniff(head_of(path), shape.skip), notices


def _walk(shape: Shape, escape: str = "") -> Quoting:
    return Quoting(shape.quote.encode(), shape.delimiter.encode(), escape.encode())


def _count(path: Path, shape: Shape) -> RowCount:
    return count_delimited(path, len(shape.names), delimiter=shape.delimiter, quote=shape.quote, line=shape.skip + 1)


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")
