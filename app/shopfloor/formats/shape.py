"""The outer form of a file: its format, columns as delivered, and how to read them with DuckDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopfloor.domain.column_names import ColumnNames, case_notice, collision, fold
from shopfloor.duck.sql import name, text, texts
from shopfloor.formats import reasons
from shopfloor.formats.format import Format
from shopfloor.formats.partition import Pairs
from shopfloor.formats.reasons import BadFile, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_COLUMNS = 4096

# DuckDB's types of the values that a format delivers.
TEXT, JSON = "VARCHAR", "JSON"
NOTHING = "NULL"
"""The type of a column of a typed file that holds no value."""

REJECTS, REJECT_SCANS = "intake_rejects", "intake_reject_scans"


@dataclass(frozen=True)
class Shape:
    """Files of one shape can be read together.

    `raw` are DuckDB's types of the values before they are converted. `delivered` are the file's own
    names where the contract spells some of them otherwise. `decimal` is the mark in
    numbers of a CSV file, `quote` its quote mark (empty: none), `skip` how many lines before the
    header were taken off;
    `array` says that a JSON file is one array. `given` are columns that the file's directories
    give to all its rows; they stand at the end of `names`. `missing` are words that the contract, or
    who retried the file, declares to stand for no value.
    """

    format: Format
    names: tuple[str, ...]
    raw: tuple[str, ...]
    delimiter: str = ","
    quote: str = '"'
    decimal: str = "."
    skip: int = 0
    array: bool = False
    given: Pairs = ()
    missing: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()

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
        """The shape with its names as the contract spells them, and what is to be said of that.

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
            raise BadFile(reasons.renamed_twice(same))
        other = [pair for pair in changed if fold(pair[0]) not in renamed]
        given = [f"{shown(new)} is {shown(old)}" for new, old in changed if fold(new) in renamed]
        said = (case_notice(other),) if other else ()
        if given:
            said = (*said, f"Renamed columns ([parser] rename): {', '.join(given)}.")
        return replace(self, names=names, delivered=self.delivered or self.names), said

    @property
    def own(self) -> tuple[str, ...]:
        """The names that the file itself writes, without those that its directories give."""
        return (self.delivered or self.names)[: self.width]

    @property
    def grouped(self) -> bool:
        """True where a point before three digits stands between thousands, once a column says so, too: the file has
        decimal commas, or its fields are apart by what leaves the comma to numbers."""
        return self.format is Format.CSV and (self.decimal == "," or self.delimiter == ";")

    @property
    def lines(self) -> bool:
        """True where a row stands on a line of text (a quoted line end aside)."""
        return self.format is Format.CSV or (self.format is Format.JSON and not self.array)

    def position(self, column: str) -> int | None:
        """Where `column` stands, or None."""
        return self.names.index(column) if column in self.names else None


def check_names(names: Sequence[str]) -> None:
    """Raise `BadFile` for names that are empty, double, or differ only in case; or too many."""
    if len(names) > MAX_COLUMNS:
        raise BadFile(reasons.too_many_columns(len(names), MAX_COLUMNS))
    for position, column in enumerate(names, 1):
        if not column.strip():
            raise BadFile(reasons.empty_column_name(position))
    exact = [column for column, count in Counter(names).items() if count > 1]
    if exact:
        raise BadFile(reasons.duplicate_columns(exact, case=False))
    same = collision(names)
    if same:
        raise BadFile(reasons.duplicate_columns(same, case=True))


def forget_rejects(connection: DuckDBPyConnection) -> None:
    """Drop what a reading with `rejects` listed."""
    for table in (REJECTS, REJECT_SCANS):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def rows_of(shape: Shape, paths: Sequence[str], *, rejects: bool = False, bundled: bool = False) -> str:
    """A subquery of the rows of `paths`, in order: columns c0, c1, … and f, the file's index.

    Values are text for CSV and JSON, where j0, j1, … are what the text was before. With `rejects` lines
    that do not fit the header are left out and listed in the temporary table `REJECTS`. With `bundled`
    the one file is a bundle, which says f itself.
    """
    count = range(shape.width)
    given = "".join(f", {_literal(value)} AS c{shape.width + i}" for i, (_, value) in enumerate(shape.given))
    files = texts(list(paths))
    if shape.format is Format.CSV:
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in count)
        columns = f"'f': 'BIGINT', {columns}" if bundled else columns
        # A quoted empty field is an empty text, an unquoted one is missing. The line end must not
        # be given: with a wrong one DuckDB 2.0 returns no rows and no error.
        options = (
            f"columns = {{{columns}}}, header = true, auto_detect = false, "
            f"delim = {text(shape.delimiter)}, quote = {text(shape.quote)}, escape = {text(shape.quote)}, "
            "allow_quoted_nulls = false"
        )
        if rejects:
            options += (
                f", store_rejects = true, rejects_table = '{REJECTS}', "
                f"rejects_scan = '{REJECT_SCANS}', rejects_line_size_limit = 1000"
            )
        picked = ", ".join(f"c{i}" for i in count)
        index = "f" if bundled else "file_index AS f"
        return f"(SELECT {picked}{given}, {index} FROM read_csv({files}, {options}))"
    if shape.format in {Format.JSON, Format.EXCEL}:
        columns = ", ".join(f"{text(column)}: 'JSON'" for column in shape.own)
        form = "array" if shape.array else "newline_delimited"
        picked = ", ".join(
            f"{name(column)} ->> '$' AS c{i}, {name(column)} AS j{i}" for i, column in enumerate(shape.own)
        )
        return (
            f"(SELECT {picked}{given}, file_index AS f FROM read_json({files}, format = '{form}', "
            f"records = 'true', compression = 'none', columns = {{{columns}}}))"
        )
    picked = ", ".join(f"{name(column)} AS c{i}" for i, column in enumerate(shape.own))
    return f"(SELECT {picked}{given}, file_index AS f FROM read_parquet({files}))"


def _literal(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else text(value)
