"""Questions about delivered files."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.domain.contract import Parser
from shopfloor.domain.file import FileRecord
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.reject import Reject
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.right import Right


class FileList(Request[Page[FileRecord]], frozen=True, kw_only=True):
    """Files, newest first. Empty filters match all; `query` is a part of the path.

    `held_first` puts what waits in quarantine before all others. `around`: the id of a file that the window
    should hold in its middle, wherever it stands by now; `offset` counts where the filters leave it out.
    """

    verb: ClassVar[str] = "file.list"
    dataset: str = ""
    state: str = ""
    purpose: str = ""
    query: str = ""
    limit: int = 1000
    offset: int = 0
    held_first: bool = False
    around: str = ""


class FileShow(Request[FileRecord], frozen=True, kw_only=True):
    """One file by its id."""

    verb: ClassVar[str] = "file.show"
    id: str


class FileBytes(Record, frozen=True, kw_only=True):
    """The lines around a failure, made printable. `first` is the number of the first line.

    `binary`: no lines of text but a dump of the beginning and the end of the file.
    """

    id: str
    first: int
    lines: tuple[str, ...]
    truncated: bool = False
    binary: bool = False


class FileInspect(Request[FileBytes], frozen=True, kw_only=True):
    """The content of a quarantined file around its failure."""

    verb: ClassVar[str] = "file.inspect"
    id: str


class FileRejects(Request[Page[Reject]], frozen=True, kw_only=True):
    """The rows of a file that were rejected, or that keep it in quarantine: the first of them, by line."""

    verb: ClassVar[str] = "file.rejects"
    id: str
    limit: int = 1000
    offset: int = 0


class RejectsFile(Record, frozen=True, kw_only=True):
    """Where rejected rows were written. `total` are all of the file, of which `rows` are kept and written.

    `changed` cells of a CSV file were made safe for spreadsheets and terminals.
    """

    path: str
    rows: int
    total: int
    changed: int = 0


class FileRejectsExport(Request[RejectsFile], frozen=True, kw_only=True):
    """Write the kept rejects of a file to `path`, absolute, as CSV or Parquet by its ending.

    CSV is made safe for spreadsheets and terminals, unless `raw`.
    """

    verb: ClassVar[str] = "file.rejects.export"
    writes: ClassVar[tuple[str, ...]] = ("path",)
    overwrites: ClassVar[bool] = False
    id: str
    path: str
    raw: bool = False


class FileRetry(Mutation[FileRecord], frozen=True, kw_only=True):
    """Take a quarantined or refused file in again, with today's contract.

    What `parser` says counts for this file alone, over the contract's settings; with `keep` it is
    written to the contract once the file is in.
    """

    verb: ClassVar[str] = "file.retry"
    irreversible: ClassVar[str] = (
        "The file is being taken in: withdraw its rows afterwards with shopfloor file withdraw ID"
    )
    id: str
    parser: Parser = Parser()
    keep: bool = False

    @property
    def needed(self) -> Right:
        """To keep the settings is to change the contract."""
        return Right.CONFIGURE if self.keep else Right.USE


class FileAccept(Mutation[FileRecord], frozen=True, kw_only=True):
    """Ingest a quarantined file without the rows that do not fit their column's type.

    Its rules and its volume are not checked; new columns join, missing ones become optional. With `types`
    nothing is left out: the column takes the narrowest type that the file and all earlier rows fit, in a
    new revision of the contract.
    """

    verb: ClassVar[str] = "file.accept"
    irreversible: ClassVar[str] = (
        "The file is being taken in: withdraw its rows afterwards with shopfloor file withdraw ID"
    )
    id: str
    types: bool = False

    @property
    def needed(self) -> Right:
        """Other types are another contract."""
        return Right.CONFIGURE if self.types else Right.USE


class FileWithdraw(Mutation[FileRecord], frozen=True, kw_only=True):
    """Remove a committed file's rows from its dataset, in a new version. The file stays known."""

    verb: ClassVar[str] = "file.withdraw"
    irreversible: ClassVar[str] = (
        "Deliver the file again, or go back to the version with its rows: shopfloor dataset rollback D@V"
    )
    id: str
    reason: str = ""


class FileSupersede(Mutation[FileRecord], frozen=True, kw_only=True):
    """Let a committed file replace earlier files of the same path: a new version without their rows."""

    verb: ClassVar[str] = "file.supersede"
    irreversible: ClassVar[str] = (
        "Deliver the earlier files again, or go back to the version with their rows: shopfloor dataset rollback D@V"
    )
    id: str


class FileDiscard(Mutation[FileRecord], frozen=True, kw_only=True):
    """Discard a quarantined file; its record stays."""

    verb: ClassVar[str] = "file.discard"
    id: str
    reason: str = ""
