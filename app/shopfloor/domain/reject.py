"""A row of a delivered file that was left out, or that kept the whole file out."""

from __future__ import annotations

from shopfloor.domain.record import Record

MOST = 1000  # rejects kept of one file; the count is always whole


class Reject(Record, frozen=True, kw_only=True):
    """Where the row stands, what is wrong with it, and how it was delivered.

    `line` is the physical line of a text file and `row` the row's number, both from 1. `value` is the
    raw value and `record` the raw line (a row of a typed file as JSON): printable, and cut when long.
    """

    code: str
    message: str
    line: int | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    record: str = ""
