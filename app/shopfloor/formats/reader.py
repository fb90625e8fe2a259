"""One file read against known columns: files to score and actuals.

Intake reads whole deliveries into parts; both go through the same shape, the same plan and the same casts.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import EXACT, Column, ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.names import nearest
from shopfloor.duck.sql import SQL_TYPES, connect
from shopfloor.formats.cast_rule import CastMode
from shopfloor.formats.cast_rules import cast_rule
from shopfloor.formats.diagnose import diagnose
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.locate import places
from shopfloor.formats.plan import Plan, check_types
from shopfloor.formats.prepare import Preparer
from shopfloor.formats.query import strict
from shopfloor.formats.raw_type import raw_type
from shopfloor.formats.reasons.bad_file import BadFile, Place
from shopfloor.formats.reasons.contracts import columns_missing
from shopfloor.formats.reasons.files import not_there
from shopfloor.formats.reasons.rejects import reason_of_many, reason_of_reject
from shopfloor.formats.reasons.rows import rows_do_not_add_up
from shopfloor.formats.shape import JSON, TEXT, rows_of
from shopfloor.formats.staged import StagedFile

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

CHUNK = 65_536
"""Rows a batch."""

# What JSON calls the values of a column that are all of one type, which holds whole numbers below a limit.
_JSON_TYPES = (
    (frozenset({"UBIGINT", "BIGINT"}), 1 << 63, ColumnType.INTEGER),
    (frozenset({"UBIGINT", "BIGINT", "DOUBLE"}), EXACT, ColumnType.NUMBER),
    (frozenset({"BOOLEAN"}), 1, ColumnType.BOOLEAN),
)


@contextmanager
def open_table(
    path: Path, name: str, workdir: Path, *, parser: Parser, expected: Sequence[str] = (), memory_mb: int = 512
) -> Iterator[OpenTable]:
    """Open a file of any format that intake reads; raises `BadFile` for what is no table.

    `name` is its name as delivered, `parser` the settings of the dataset whose table it is like, `expected`
    are columns that it may have: the table spells them so. `workdir` is an empty private directory that lives
    as long as the table.
    """
    link = workdir / "delivered"
    link.symlink_to(path.resolve())  # DuckDB would take a name such as a[1]*.csv for a pattern
    connection = connect(memory_mb=memory_mb, threads=os.cpu_count() or 1, temp=workdir / "spill")
    try:
        preparer = Preparer(connection, workdir, memory_mb, expected, parser, may_be_empty=True)
        file = StagedFile(id="rows", path=str(link), original_name=name, sha256="", bytes=0)
        yield OpenTable(connection, _prepared(preparer, file, expected, parser), memory_mb)
    finally:
        connection.close()


def _prepared(preparer: Preparer, file: StagedFile, expected: Sequence[str], parser: Parser) -> PreparedFile:
    try:
        prepared = preparer.prepare(file)
    except OSError as error:
        raise BadFile(not_there(file.original_name, error.strerror or "")) from error
    if prepared.bad:
        first = reason_of_reject(prepared.rejects[0])
        raise BadFile(reason_of_many(first, prepared.bad, prepared.rows or prepared.bad))
    shape, notices = prepared.shape.spelled(ColumnNames(expected), parser.renamed)
    return replace(prepared, shape=shape, notices=(*prepared.notices, *notices))


@dataclass(frozen=True)
class OpenTable:
    """A file with its columns as delivered; `read` says which of them to read, and with which types."""

    connection: DuckDBPyConnection
    file: PreparedFile
    memory_mb: int

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the file."""
        return self.file.shape.names

    def has(self, column: str) -> bool:
        """True where the file has such a column."""
        return self.file.shape.position(column) is not None

    def own_type(self, column: str) -> ColumnType | None:
        """The type that a typed file gives a column, or JSON where all values have it; None in text, which has no
        types, and for a column without values or that is not there."""
        place = self.file.shape.position(column)
        raw = TEXT if place is None else self.file.shape.raw[place]
        if place is not None and raw == JSON:
            return self._json_type(place)
        kind = None if raw == TEXT else raw_type(raw)
        return None if kind is ColumnType.UNKNOWN else kind

    def _json_type(self, place: int) -> ColumnType | None:
        largest = rf"max(abs(TRY_CAST(c{place} AS DOUBLE))) FILTER (regexp_full_match(c{place}, '-?[0-9]+'))"
        query = f"SELECT list(DISTINCT json_type(j{place})), coalesce({largest}, 0) FROM "
        query += f"{rows_of(self.file.shape, [str(self.file.path)])} WHERE c{place} IS NOT NULL"
        try:
            [(kinds, digits)] = self.connection.execute(query).fetchall()
        except (duckdb.Error, MemoryError):
            return None  # whoever reads the rows says what is wrong with them
        return next(
            (kind for names, limit, kind in _JSON_TYPES if kinds and names >= {*kinds} and digits < limit), None
        )

    def as_values(self, texts: pa.Array, column: Column) -> pa.Array:
        """Texts as values of `column`, read as those of the file are; missing where a text is none."""
        import pyarrow as pa

        shape = self.file.shape
        how = cast_rule(
            TEXT,
            column.type,
            decimal=shape.decimal,
            format=column.format,
            missing=shape.missing,
            grouped=shape.grouped,
        )
        assert how is not None  # text goes with every type
        # A cursor of its own: the connection is in the midst of the file's rows.
        with self.connection.cursor() as cursor:
            tried = ", ".join(["c0", *how.tried(0)])
            values = cursor.from_arrow(pa.table({"c0": texts}))
            found = values.project(tried).project(f"({how.lenient(0)})::{SQL_TYPES[column.type]} AS k0")
            return found.to_arrow_table().column(0).combine_chunks()

    def read(self, columns: Sequence[Column], roles: Collection[str] = ()) -> TableReader:
        """The table as `columns`, by their places; an optional one that is not there is missing in every row.

        `roles` are columns with another part (target, id, …): none of them is a misspelling of a missing one.
        Raises `BadFile` naming the columns that are missing, and for a type that cannot become the requested one.
        """
        shape = self.file.shape
        contract = Contract(name="", columns=tuple(columns))
        plan = Plan(shape, contract, tuple(shape.position(column.name) for column in columns))
        wanted = {position for position in plan.sources if position is not None}
        ignored = tuple(name for place, name in enumerate(shape.names) if place not in wanted)
        absent = [column for column, source in zip(columns, plan.sources, strict=True) if source is None]
        self._check_absent(absent, ignored, roles)
        check_types(plan)
        return TableReader(self, plan, ignored, tuple(column.name for column in absent))

    def _check_absent(self, absent: Sequence[Column], others: Sequence[str], roles: Collection[str]) -> None:
        """Raise `BadFile` for columns that have to be there; a row of a sparse format leaves out those without a
        value."""
        sparse = self.file.shape.format.sparse
        needed = [
            column.name
            for column in absent
            if not column.optional and not (sparse and column.nullable and not nearest(column.name, others, roles))
        ]
        if needed:
            raise BadFile(columns_missing(needed, nearest(needed[0], others, roles)))


@dataclass(frozen=True)
class TableReader:
    """A table on its way to typed rows.

    `ignored` names the columns of the file that are not read, `absent` the requested ones that it does not have.
    """

    table: OpenTable
    plan: Plan
    ignored: tuple[str, ...]
    absent: tuple[str, ...]

    @cached_property
    def rows(self) -> int:
        """How many rows the file has, a totals row aside. Raises `BadFile` where it is malformed."""
        file = self.table.file
        if file.rows is not None:
            return file.rows - len(file.totals)
        query = f"SELECT count(*) FROM {rows_of(self.plan.shape, [self._path])}"
        try:
            return int(self.table.connection.execute(query).fetchall()[0][0])
        except (duckdb.Error, MemoryError) as error:
            raise self._fault(error) from error

    def batches(self, size: int = CHUNK) -> Iterator[pa.RecordBatch]:
        """The rows in the file's order, up to `size` at a time, each column of the requested type.

        Memory does not grow with the file. Raises `BadFile` with place, column and value where a row does not
        fit; batches before it may have been given already.
        """
        values = ", ".join(f"k{place}" for place in range(len(self.plan.columns)))
        query = f"SELECT {values} FROM ({strict(self.plan, [self._path], CastMode.ALTERING)})"
        try:
            reader = self.table.connection.sql(query).to_arrow_reader(size)
        except (duckdb.Error, MemoryError) as error:
            raise self._fault(error) from error
        read = 0
        while (batch := self._next(reader)) is not None:
            read += batch.num_rows
            yield batch
        if read != self.rows:
            raise self._fault(BadFile(rows_do_not_add_up(self.rows, read, 0)))

    def place(self, row: int) -> Place:
        """The place of row `row` (from 0) in the delivered file."""
        return places(self.table.file.path, self.plan.shape, [row])[row]

    @property
    def _path(self) -> str:
        return str(self.table.file.path)

    def _next(self, reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
        import pyarrow as pa

        try:
            return reader.read_next_batch()
        except StopIteration:
            return None
        except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> BadFile:
        """What is wrong with the file, checked again row by row: the error itself only says that something is."""
        connection, path = self.table.connection, self.table.file.path
        try:
            wrong = diagnose(connection, self.plan, str(path))
        except (duckdb.Error, MemoryError) as second:
            return BadFile(reason_of(second, self.plan.shape.format, path, self.table.memory_mb))
        if wrong.header is not None:
            return BadFile(wrong.header)
        if not wrong.bad and isinstance(error, BadFile):
            return error
        if not wrong.bad:
            return BadFile(reason_of(error, self.plan.shape.format, path, self.table.memory_mb))
        return BadFile(reason_of_many(reason_of_reject(wrong.rejects[0]), wrong.bad, wrong.records))
