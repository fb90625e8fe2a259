"""What a file format consists of: how its files are opened, and how their rows, lines and faults are found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopfloor.domain.contract import Parser
from shopfloor.domain.file import Reason
from shopfloor.domain.reject import Reject
from shopfloor.formats.magic import foreign
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import unreadable, wrong_format
from shopfloor.formats.shape import Shape
from shopfloor.formats.staged import StagedFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HEAD = 1 << 18


def head_of(path: Path) -> bytes:
    """The first bytes of a file, in which its header and types are searched."""
    with path.open("rb") as file:
        return file.read(HEAD)


def first_line(message: str) -> str:
    """What DuckDB says first of an error."""
    return message.removeprefix("Invalid Input Error: ").split("\n", 1)[0]


@dataclass(frozen=True)
class Source:
    """A file to open: unpacked, at `path`, with its first bytes `head`.

    `parser` says how it is written. `expected` are names of columns that it should have. A table without rows is
    refused unless it `may_be_empty`. Files of one delivery share `headers`: shapes by their header line.
    """

    file: StagedFile
    path: Path
    head: bytes
    parser: Parser
    connection: DuckDBPyConnection
    folder: Path
    memory_mb: int
    expected: Sequence[str]
    may_be_empty: bool
    headers: dict[bytes, Shape]

    def scratch(self, what: str) -> Path:
        """Where a copy of the file may lie."""
        return self.folder / f"{self.file.id}.{what}"


@dataclass(frozen=True)
class PreparedFile:
    """A file of `rows` rows whose `path` can be read as `shape`.

    `rows` are counted without the parser; None where nothing but the parser can tell. `escape` is the escape
    character that was found in it, `escapes` says that a backslash stands before a quote and none was found.
    `bad` rows, the first of them as `rejects`, are not there any more: no parser could read them. Nor are `totals`,
    last rows that are none of the table's; they are not looked for where nothing `may_sum` in the last row.
    """

    file: StagedFile
    shape: Shape
    path: Path
    rows: int | None = None
    notices: tuple[str, ...] = ()
    escape: str = ""
    escapes: bool = False
    bad: int = 0
    rejects: tuple[Reject, ...] = ()
    totals: tuple[Reject, ...] = ()
    may_sum: bool = True
    bytes: int = 0


class LastLine(NamedTuple):
    """The last row of a text: where it begins in the bytes that were looked at, and its own. `own_line` says that it
    can be cut off."""

    begin: int
    data: bytes
    own_line: bool = True


class FileFormat(ABC):
    """One way to read files. A module in `formats/kinds/` has it as `FORMAT`; a `Shape` carries it.

    `label` is what a message calls it. Its columns have types of their own if it is `typed`; a row may leave out a
    column without a value if it is `sparse`. With `by_line` each row stands on one line of the delivered text (a
    quoted line end aside). `index` is SQL for the file's index. Files up to `small` bytes share a part, of up to
    `full` bytes.
    """

    label: str
    typed = False
    sparse = False
    by_line = False
    index = "file_index"
    small, full = 8 << 20, 64 << 20

    def check(self, head: bytes) -> None:
        """Raise `BadFile` unless a file that starts with `head` can be of this format: here, if it is no text."""
        if found := foreign(head):
            raise BadFile(wrong_format(self.label, found))

    @abstractmethod
    def open(self, source: Source) -> PreparedFile:
        """Look at a file. Raises `BadFile` with the reason why it cannot be read."""

    @abstractmethod
    def scan(self, shape: Shape, files: str, *, rejects: bool) -> str:
        """The table function over `files`, a SQL list of paths. With `rejects` lines that do not fit the header are
        left out and listed in `shape.REJECTS`, where the format knows such lines."""

    @abstractmethod
    def columns(self, shape: Shape) -> str:
        """Select items over `scan`: c0, c1, …; and j0, j1, … where they are the text of a JSON value."""

    def lines(self, path: Path, shape: Shape, rows: Collection[int]) -> dict[int, int]:
        """The lines, or numbers of a sheet, of data rows counted from 0; none where there are no lines."""
        return {}

    def cells(self, line: str, shape: Shape) -> list[str] | None:
        """The values of a row that stands on one line as text; None for a line that is no row."""
        return None

    def last(self, tail: bytes) -> LastLine | None:
        """The last row in the last bytes of a prepared file; None where rows are not text, or there is no other."""
        begin = tail.rstrip().rfind(b"\n") + 1
        return LastLine(begin, tail[begin:].rstrip()) if begin else None

    def row(self, shape: Shape, path: Path, number: int) -> str | None:
        """A query for one row, counted from 0, as c0, c1, …; None where no row can be had without all others."""
        return None

    def reason(self, message: str, path: Path) -> Reason:
        """Why DuckDB, which says `message`, cannot read the prepared file."""
        return unreadable(first_line(message))

    def bundle(self, paths: Sequence[Path], shape: Shape, target: Path) -> Shape | None:
        """Write many small files as one to `target`; the shape with which that is read, None if it cannot be done."""
        return None
