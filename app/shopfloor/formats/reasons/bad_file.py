"""A file that cannot be taken in, and where in it a fault stands."""

from __future__ import annotations

from dataclasses import dataclass

from shopfloor.domain.errors import DataError
from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.remedy import Remedy
from shopfloor.domain.text import quoted


@dataclass(frozen=True)
class Place:
    """Where a value stands: its physical line in a text file, else its row, both from 1."""

    line: int | None = None
    row: int | None = None

    @property
    def where(self) -> str:
        """The start of a sentence about the row there."""
        if self.line is not None:
            return f"Line {count(self.line)}"
        return f"Row {count(self.row)}" if self.row is not None else "A row"

    @property
    def words(self) -> str:
        """The start of a sentence about a column there."""
        if self.line is not None:
            return f"Line {self.line}, column"
        return f"Row {self.row}, column" if self.row is not None else "Column"


class BadFile(DataError):
    """A file cannot be taken in. Carries the `reason` for its record."""

    default_code = "bad_file"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message, hint=reason.hint, code=reason.code)
        self.reason = reason

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What can be done about it."""
        return self.reason.remedies

    @property
    def line(self) -> int | None:
        """The line that is to blame, from 1, where one is."""
        return self.reason.line

    @property
    def column(self) -> str | None:
        """The column that is to blame, where one is."""
        return self.reason.column


def detail(said: str) -> str:
    """What a library said of a file, for a hint: its words are not ours, and may quote the file."""
    return f" The library that reads it says: {quoted(said, 160)}." if said else ""
