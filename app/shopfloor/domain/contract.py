"""The contract of a dataset: the rules for its files."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shopfloor.domain.column_names import ColumnNames, fold
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.number_format import COMMA
from shopfloor.domain.record import Record


class Mode(StrEnum):
    """How a delivered file changes the dataset."""

    APPEND = "append"
    SNAPSHOT = "snapshot"
    UPSERT = "upsert"


class SchemaPolicy(StrEnum):
    """What happens when a file has columns that the contract does not have."""

    EVOLVE = "evolve"
    STRICT = "strict"
    RESCUE = "rescue"
    IGNORE = "ignore"


class RuleSeverity(StrEnum):
    """What a broken rule does."""

    REJECT_ROW = "reject_row"
    QUARANTINE_FILE = "quarantine_file"
    WARN = "warn"


Bound = int | float | str


class Rule(Record, frozen=True, kw_only=True):
    """One expectation about one column.

    `min` and `max` are included; for dates and timestamps they are ISO text. A missing value breaks
    `not_null` and nothing else. `values` are spelled as text whatever the column's type.
    """

    column: str
    min: Bound | None = None
    max: Bound | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    not_null: bool = False
    unique: bool = False
    severity: RuleSeverity = RuleSeverity.QUARANTINE_FILE


class Condition(Record, frozen=True, kw_only=True):
    """One expectation about whole rows: `sql` is a DuckDB expression over the columns' names.

    A row for which it is false breaks the rule; a row for which it is NULL does not.
    """

    sql: str
    name: str = ""
    severity: RuleSeverity = RuleSeverity.QUARANTINE_FILE


MIN_HISTORY = 5


class Volume(Record, frozen=True, kw_only=True):
    """How many rows a file should have.

    `band` compares with the median file of the dataset's recent history: 0.5 allows from half of it
    to one and a half of it; it is not checked before `MIN_HISTORY` files are ingested. Without limits nothing
    is checked. `severity` is `quarantine_file` or `warn`: there is no row to reject.
    """

    min_rows: int | None = None
    max_rows: int | None = None
    band: float | None = None
    severity: RuleSeverity = RuleSeverity.QUARANTINE_FILE


class Freshness(Record, frozen=True, kw_only=True):
    """How old the newest delivery may become, in hours, before an alert says so. 0 asks nothing."""

    hours: float = 0.0


class Parser(Record, frozen=True, kw_only=True):
    """How the dataset's text files are written. What is empty is found out for each file.

    `rename` are column names of files, of any format, and what the contract calls them: `new=old`.
    `missing` are words that mean no value in every column, text too, beside those that are
    known (`domain.missing`).
    """

    delimiter: str = ""
    quote: str = ""
    escape: str = ""
    encoding: str = ""
    decimal: str = ""
    sheet: str = ""
    skip_lines: int = 0
    missing: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()

    @property
    def renamed(self) -> dict[str, str]:
        """The contract's name of a column by the folded name that files have for it."""
        pairs = (pair.partition("=") for pair in self.rename)
        return {fold(new): old for new, _, old in pairs}

    def governed(self, column: Column) -> Column:
        """`column` as texts stand for it in what has numbers of its own: JSON, a typed file, a single row. The
        declared decimal mark is that of number columns without a format."""
        if self.decimal != "," or column.type is not ColumnType.NUMBER or column.format:
            return column
        return msgspec.structs.replace(column, format=COMMA)


class Completeness(StrEnum):
    """How the intake knows that a file is whole."""

    QUIET = "quiet"
    MARKER = "marker"
    MANIFEST = "manifest"


class Corrected(StrEnum):
    """What a file does whose path was delivered before with other content."""

    APPEND = "append"
    SUPERSEDE = "supersede"


class Originals(StrEnum):
    """What happens to a delivered file once its rows are committed."""

    ARCHIVE = "archive"
    KEEP = "keep"
    DELETE = "delete"


class Arrival(Record, frozen=True, kw_only=True):
    """How files arrive.

    `marker` is what completes a file or a directory in mode `marker`: a file of that name in the
    directory, or the file's own name and then it. `repeated` takes known content in again. `originals`
    overrides the workspace's setting. `follow` names growing JSON-lines files (patterns such as
    `events*.jsonl`) whose new lines are taken in as they are written.
    """

    complete: Completeness = Completeness.QUIET
    marker: str = "_SUCCESS"
    corrected: Corrected = Corrected.APPEND
    repeated: bool = False
    originals: Originals | None = None
    follow: tuple[str, ...] = ()


class Contract(Record, frozen=True, kw_only=True):
    """The agreement about a dataset. Inferred from the first file, then pinned and editable.

    `revision` counts changes of the contract; `reject_budget` is the share of rows that may be
    rejected before the whole file is quarantined. `query` makes the rows of a derived dataset from those of others; it
    is a snapshot and takes no files.
    """

    name: str
    mode: Mode = Mode.APPEND
    query: str = ""
    key: tuple[str, ...] = ()
    time: str | None = None
    schema_policy: SchemaPolicy = SchemaPolicy.EVOLVE
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    conditions: tuple[Condition, ...] = ()
    reject_budget: float = 0.0
    volume: Volume = Volume()
    freshness: Freshness = Freshness()
    parser: Parser = Parser()
    arrival: Arrival = Arrival()
    revision: int = 1

    def column(self, name: str) -> Column | None:
        """The column called `name`, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def spelled(self) -> Contract:
        """The contract with its key and time as its columns spell them."""
        names = ColumnNames(column.name for column in self.columns)
        time = None if self.time is None else names.spelled(self.time)
        return msgspec.structs.replace(self, key=tuple(map(names.spelled, self.key)), time=time)
