"""The contract of a dataset: what its files must look like."""

from __future__ import annotations

from enum import StrEnum

from shopfloor.domain.columns import Column
from shopfloor.domain.record import Record


class Mode(StrEnum):
    """How a delivered file changes the dataset."""

    APPEND = "append"
    SNAPSHOT = "snapshot"
    UPSERT = "upsert"


class SchemaPolicy(StrEnum):
    """What happens when a file has other columns than the contract."""

    EVOLVE = "evolve"
    STRICT = "strict"
    RESCUE = "rescue"
    IGNORE = "ignore"


class RuleSeverity(StrEnum):
    """What a broken rule does."""

    REJECT_ROW = "reject_row"
    QUARANTINE_FILE = "quarantine_file"
    WARN = "warn"


class Rule(Record, frozen=True, kw_only=True):
    """One expectation about one column."""

    column: str
    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    not_null: bool = False
    unique: bool = False
    severity: RuleSeverity = RuleSeverity.QUARANTINE_FILE


class Contract(Record, frozen=True, kw_only=True):
    """The agreement about a dataset. Inferred from the first file, then pinned and editable.

    `revision` counts changes of the contract; `reject_budget` is the share of rows that may be
    rejected before the whole file is quarantined.
    """

    name: str
    mode: Mode = Mode.APPEND
    key: tuple[str, ...] = ()
    time: str | None = None
    schema_policy: SchemaPolicy = SchemaPolicy.EVOLVE
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    reject_budget: float = 0.0
    revision: int = 1

    def column(self, name: str) -> Column | None:
        """The column called `name`, or None."""
        return next((column for column in self.columns if column.name == name), None)
