"""Columns of a table and their types."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shopfloor.domain.record import Record

EXACT = 1 << 53
"""Up to here, and down to its negative, a double (a column's `NUMBER`) holds every whole number."""


class ColumnType(StrEnum):
    """Types that a contract can pin. A type is inferred once and never guessed again.

    `UNKNOWN` is that of a column without any value so far: the first value decides. Only contracts
    know it; a dataset version has such a column as text, missing in every row.
    """

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    UNKNOWN = "unknown"

    @property
    def numeric(self) -> bool:
        """True for types with an order and a mean."""
        return self in {ColumnType.INTEGER, ColumnType.NUMBER}

    @property
    def temporal(self) -> bool:
        """True for dates and timestamps."""
        return self in {ColumnType.DATE, ColumnType.TIMESTAMP}


class Column(Record, frozen=True, kw_only=True):
    """One column: its exact name as delivered and its type.

    An `optional` column may be absent from a file (its values are then missing); columns that
    joined the contract later are optional, because older layouts do not have them.

    `format` pins how text is read where it could be read in two ways: a day as
    `%d/%m/%Y` (strptime), a number as `1.234,56`. Empty means the plain spelling.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    optional: bool = False
    format: str = ""

    @property
    def stored(self) -> Column:
        """The column as a dataset version has it."""
        if self.type is not ColumnType.UNKNOWN:
            return self
        return msgspec.structs.replace(self, type=ColumnType.TEXT)

    @property
    def written(self) -> str:
        """The type in words and, where it is pinned, the format of its text."""
        return f"{self.type.value} as {self.format}" if self.format else self.type.value
