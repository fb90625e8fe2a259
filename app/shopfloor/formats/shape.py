"""The outer form of a file: its format, columns as delivered, and how to read them with DuckDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopfloor.domain.column_names import ColumnNames, case_notice, collision, fold
from shopfloor.domain.columns import Column
from shopfloor.domain.contract import Parser
from shopfloor.domain.text import quoted
from shopfloor.duck.sql import text, texts
from shopfloor.formats.partition import Pairs
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.headers import duplicate_columns, empty_column_name, renamed_twice, too_many_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from shopfloor.formats.file_format import FileFormat

MAX_COLUMNS = 4096
_FREE = Parser()

# DuckDB's types of the values that a format delivers.
TEXT, JSON = "VARCHAR", "JSON"
NOTHING = "NULL"
"""The type of a column of a typed file that holds no value."""

REJECTS, REJECT_SCANS = "intake_rejects", "intake_reject_scans"


@dataclass(frozen=True)
class LeftOut:
    """Rows that are no rows of the table: their numbers, from 0, and SQL over c0, c1, … that is true for them."""

    rows: tuple[int, ...]
    test: str


@dataclass(frozen=True)
class Shape:
    """Files of one shape can be read together.

    `raw` are DuckDB's types of the values before they are converted. `delivered` are the file's own
    names where the contract spells some of them otherwise. `decimal` is the mark in
    numbers of delimited text, `quote` its quote mark (empty: none), `skip` how many lines before the
    header were taken off. `given` are columns that the file's directories
    give to all its rows; they are at the end of `names`. `missing` are words that the contract, or
    who retried the file, declares to mean no value. `left_out` are rows that are not read. `parser` is what is
    declared of files.
    """

    format: FileFormat
    names: tuple[str, ...]
    raw: tuple[str, ...]
    delimiter: str = ","
    quote: str = '"'
    decimal: str = "."
    skip: int = 0
    given: Pairs = ()
    missing: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    left_out: LeftOut | None = None
    parser: Parser = _FREE

    def governed(self, column: Column) -> Column:
        """`column` with the format in which texts of the file stand for it; delimited text has a decimal mark of its
        own."""
        return column if self.decimal == "," else self.parser.governed(column)

    @property
    def width(self) -> int:
        """How many columns the file itself has."""
        return len(self.names) - len(self.given)

    def given_at(self, position: int) -> str | None:
        """The value of the given column at `position`."""
        return self.given[position - self.width][1]

    def with_given(self, pairs: Pairs) -> Shape:
        """The shape with those of `pairs` that the file has no column of its own for."""
        own = ColumnNames(self.names)
        given = tuple(pair for pair in pairs if pair[0] not in own)
        if not given:
            return self
        names = (*self.names, *(column for column, _ in given))
        check_names(names)
        return replace(self, names=names, raw=(*self.raw, *(TEXT for _ in given)), given=given)

    def spelled(self, known: ColumnNames, renamed: Mapping[str, str]) -> tuple[Shape, tuple[str, ...]]:
        """The shape with its names as the contract spells them, and the notices about that.

        `renamed` are other names that files have for the contract's columns (`Parser.renamed`). Raises
        `BadFile` where one column would then be there twice.
        """
        names = tuple(known.spelled(renamed.get(fold(name), name)) for name in self.names)
        if names == self.names:
            return self, ()
        changed = [(mine, theirs) for mine, theirs in zip(self.names, names, strict=True) if mine != theirs]
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            same = [mine for mine, theirs in zip(self.names, names, strict=True) if theirs == twice]
            raise BadFile(renamed_twice(same))
        other = [pair for pair in changed if fold(pair[0]) not in renamed]
        given = [f"{quoted(new)} is {quoted(old)}" for new, old in changed if fold(new) in renamed]
        notices = (case_notice(other),) if other else ()
        if given:
            notices = (*notices, f"Renamed columns ([parser] rename): {', '.join(given)}.")
        return replace(self, names=names, delivered=self.delivered or self.names), notices

    def without(self, rows: tuple[int, ...], test: str) -> Shape:
        """The shape of a file of which these rows are left out; SQL over c0, c1, … is true for them."""
        if self.left_out is None:
            return replace(self, left_out=LeftOut(rows, test))
        return replace(self, left_out=LeftOut((*self.left_out.rows, *rows), f"({self.left_out.test}) OR ({test})"))

    @property
    def own(self) -> tuple[str, ...]:
        """The names that the file itself writes, without those that its directories give."""
        return (self.delivered or self.names)[: self.width]

    @property
    def grouped(self) -> bool:
        """True where a point before three digits stands between thousands, once a column says so, too: the file has
        decimal commas, or its fields are apart by what leaves the comma to numbers."""
        return self.decimal == "," or self.delimiter == ";"

    def position(self, column: str) -> int | None:
        """Where `column` stands, or None."""
        return self.names.index(column) if column in self.names else None


def check_names(names: Sequence[str]) -> None:
    """Raise `BadFile` for names that are empty, double, or differ only in case; or too many."""
    if len(names) > MAX_COLUMNS:
        raise BadFile(too_many_columns(len(names), MAX_COLUMNS))
    for position, column in enumerate(names, 1):
        if not column.strip():
            raise BadFile(empty_column_name(position))
    exact = [column for column, count in Counter(names).items() if count > 1]
    if exact:
        raise BadFile(duplicate_columns(exact, case=False))
    same = collision(names)
    if same:
        raise BadFile(duplicate_columns(same, case=True))


def forget_rejects(connection: DuckDBPyConnection) -> None:
    """Drop what a reading with `rejects` listed."""
    for table in (REJECTS, REJECT_SCANS):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def rows_of(shape: Shape, paths: Sequence[str], *, rejects: bool = False) -> str:
    """A subquery of the rows of `paths`, in order: columns c0, c1, … and f, the file's index.

    Values are text where the format has no types; of JSON values j0, j1, … are what the text was before. With
    `rejects` lines that do not fit the header are left out and listed in the temporary table `REJECTS`.
    """
    given = "".join(f", {_literal(value)} AS c{shape.width + i}" for i, (_, value) in enumerate(shape.given))
    scan = shape.format.scan(shape, texts(list(paths)), rejects=rejects)
    rows = f"(SELECT {shape.format.columns(shape)}{given}, {shape.format.index} AS f FROM {scan})"
    return rows if shape.left_out is None else f"(SELECT * FROM {rows} WHERE NOT ({shape.left_out.test}))"


def _literal(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else text(value)
