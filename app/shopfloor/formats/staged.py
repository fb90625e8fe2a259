"""A delivered file as the reader gets it."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.contract import Parser
from shopfloor.domain.record import Record


class Dated(Record, frozen=True, kw_only=True):
    """When a file is from: the date in its path, where there is one, and when it was last written."""

    name: str
    dated: datetime | None = None
    written: datetime

    def older_than(self, other: Dated) -> bool:
        """By their dates where both have one, else by when they were written."""
        if self.dated is not None and other.dated is not None:
            return self.dated < other.dated
        return self.written < other.written


class StagedFile(Record, frozen=True, kw_only=True):
    """A claimed copy of a delivered file, no longer within reach of its writer.

    `original_name` is the file's printable name; its suffixes help to tell the format.
    `supersedes` names earlier files whose rows this one replaces (a corrected file). `corrects` is the
    newest of the ingested files of the same path. `parser` says how this one file
    is written, in place of the contract's settings. `partition` are values that its directories give. `offset` is
    where its bytes begin in the file at `path` if that holds several; None where it holds this one alone. A `derived`
    one was made by the dataset's own query.
    """

    id: str
    path: str
    original_name: str
    sha256: str
    bytes: int
    parser: Parser | None = None
    supersedes: tuple[str, ...] = ()
    corrects: str | None = None
    partition: tuple[tuple[str, str | None], ...] = ()
    dated: Dated | None = None
    offset: int | None = None
    derived: bool = False
