"""Delimited text made ready: its header found, its quotes followed, its rows counted, before it is parsed."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shopfloor.domain.contract import Parser
from shopfloor.formats import reasons
from shopfloor.formats.quoting import BACKSLASH, Quoting
from shopfloor.formats.reasons import BadFile
from shopfloor.formats.rowcount import RowCount, count_delimited
from shopfloor.formats.shape import Shape
from shopfloor.formats.sniff import HEAD
from shopfloor.formats.text import PlainText, below, tidied

ESCAPED = (
    "Quotes inside quoted text are escaped with a backslash, as Spark and MySQL write them; "
    '[parser] escape = "\\\\" says so for all files.'
)
_BLANK_START = re.compile(rb"(?:\xef\xbb\xbf)?((?:\r\n|\r|\n)+)")
_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Delimited:
    """A text of `rows` rows that can be read as `shape`, from `path`.

    `escape` is the escape character that it was written with and that `path` is free of. `escapes` says that
    a backslash stands before a quote, whatever it means there.
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

    Raises `BadFile` for what has no header, for a quote that never ends and for a header that stands again.
    """
    begun, blank = _begun(text.path, scratch)
    shape = sniff(head_of(begun), parser.skip_lines + blank)
    path, escape = begun, parser.escape
    told: tuple[str, ...] = ()
    if escape:
        path, shape, told = _doubled(begun, scratch, shape, _walk(shape, escape), sniff)
    elif text.uneven:
        path, told = tidied(begun, _beside(scratch, "even"), _walk(shape))
    count = _count(path, shape)
    if count.escapes and (count.unclosed or count.malformed) and not escape:
        walk = _walk(shape, BACKSLASH)
        found, other, noted = _doubled(begun, scratch, shape, walk, sniff)
        if not walk.unclosed and not walk.malformed:
            # Read without an escape character the quotes make no sense, with it all of them do.
            path, shape, escape, told = found, other, BACKSLASH, (*noted, ESCAPED)
            count = _count(path, shape)
    _check(count, escape)
    return Delimited(path, shape, count.rows, escape, count.escapes and not escape, (*text.notices, *told))


def head_of(path: Path) -> bytes:
    """The first bytes of a file, as many as its header and types are looked for in."""
    with path.open("rb") as file:
        return file.read(HEAD)


def _begun(path: Path, scratch: Path) -> tuple[Path, int]:
    """The text from its first line on that is not empty, and how many stand above it.

    DuckDB takes an empty first line for the header.
    """
    head = head_of(path)
    blank = _BLANK_START.match(head)
    if blank is None:
        return path, 0
    if not head.removeprefix(BOM_UTF8).strip():
        raise BadFile(reasons.blank_file())
    lines = len(_END.findall(blank[1]))
    return below(path, _beside(scratch, "begun"), lines), lines


def _doubled(
    path: Path, scratch: Path, shape: Shape, walk: Quoting, sniff: Callable[[bytes, int], Shape]
) -> tuple[Path, Shape, tuple[str, ...]]:
    """The text without its escape character, its shape, and notices."""
    path, told = tidied(path, _beside(scratch, "doubled"), walk)
    return path, sniff(head_of(path), shape.skip), told


def _walk(shape: Shape, escape: str = "") -> Quoting:
    return Quoting(shape.quote.encode(), shape.delimiter.encode(), escape.encode(), shape.skip + 1)


def _count(path: Path, shape: Shape) -> RowCount:
    return count_delimited(path, shape.names, delimiter=shape.delimiter, quote=shape.quote, line=shape.skip + 1)


def _check(count: RowCount, escape: str) -> None:
    if count.unclosed:
        raise BadFile(reasons.open_quote(count.unclosed, escapes=count.escapes and not escape))
    if count.headers:
        raise BadFile(reasons.header_repeated(count.headers[0], len(count.headers)))


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")
