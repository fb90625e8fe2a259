"""Typed rows on their way to a part: in memory for small files, on disk for a big one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from shopfloor.duck.sql import SQL_TYPES, parquet, text, texts
from shopfloor.formats.cast_rule import CastMode
from shopfloor.formats.plan import Plan
from shopfloor.formats.query import lenient, output, placed, staged, strict
from shopfloor.formats.shape import Shape, forget_rejects

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class TypedRows(Protocol):
    """Rows of one plan.

    `source` is a subquery with k0, k1, …, f (index of the file) and rid, which orders the rows.
    """

    plan: Plan

    @property
    def source(self) -> str: ...

    def counts(self) -> dict[int, int]:
        """Rows by file, in order; files without rows are not there."""
        ...

    def row(self, rid: int, file: int) -> int:
        """The row number, from 0, within its file before rows were left out."""
        ...

    def drop(self, rows: str) -> None:
        """Remove the rows whose rid the query `rows` gives."""
        ...

    def drop_file(self, file: int) -> None:
        """Remove all rows of a file."""
        ...

    def write(self, path: Path) -> int:
        """Write the rows, in order, as Parquet with the contract's names; return their number."""
        ...

    def close(self) -> None:
        """Free what the table holds."""
        ...


class MemoryTable:
    """Small files of one plan in a temporary table; `files` are their ids."""

    def __init__(
        self, connection: DuckDBPyConnection, plan: Plan, files: Sequence[str], name: str = "intake_rows"
    ) -> None:
        self.plan = plan
        self._files = files
        self._connection = connection
        self._name = name
        self._firsts: dict[int, int] = {}

    @property
    def source(self) -> str:
        columns = ", ".join(f"k{i}" for i in range(len(self.plan.contract.columns)))
        return f"(SELECT {columns}, f, rowid AS rid FROM {self._name})"

    def load(self, paths: Sequence[str], shape: Shape, mode: CastMode) -> None:
        """Read all files, or one bundle of them, as `shape` at once; a bad value or row in any of them is an error."""
        query = strict(replace(self.plan, shape=shape), paths, mode)
        self._create(f"SELECT *, NULL::BIGINT AS r FROM ({query})")

    def load_none(self) -> None:
        """Make the table empty, for files that are added one by one."""
        kinds = (SQL_TYPES[column.type] for column in self.plan.contract.columns)
        items = [f"NULL::{kind} AS k{i}" for i, kind in enumerate(kinds)]
        items += ["NULL::BIGINT AS f", "NULL::BIGINT AS r"]
        self._create(f"SELECT {', '.join(items)} LIMIT 0")

    def add(self, file: int, path: str, mode: CastMode) -> None:
        """Add one file; a bad value is an error and adds nothing."""
        self._insert(f"SELECT *, NULL::BIGINT AS r FROM ({strict(self.plan, [path], mode)})", file)

    def add_good(self, file: int, path: str) -> None:
        """Add one file without the rows that are bad."""
        try:
            self._insert(lenient(self.plan, [path]), file)
        finally:
            forget_rejects(self._connection)

    def counts(self) -> dict[int, int]:
        found = self._connection.execute(
            f"SELECT f, count(*), min(rowid) FROM {self._name} GROUP BY f ORDER BY min(rowid)"
        ).fetchall()
        for file, _, first in found:
            self._firsts.setdefault(file, first)
        return {file: rows for file, rows, _ in found}

    def row(self, rid: int, file: int) -> int:
        numbered = self._connection.execute(f"SELECT r FROM {self._name} WHERE rowid = {rid}").fetchone()
        if numbered is not None and numbered[0] is not None:
            return int(numbered[0])
        return rid - self._firsts.get(file, 0)

    def drop(self, rows: str) -> None:
        self._connection.execute(f"DELETE FROM {self._name} WHERE rowid IN ({rows})")

    def drop_file(self, file: int) -> None:
        self._connection.execute(f"DELETE FROM {self._name} WHERE f = {file}")

    def write(self, path: Path) -> int:
        numbers, firsts = (str(list(side)) for side in (self._firsts.keys(), self._firsts.values()))
        row = f"coalesce(r, rowid - map({numbers}, {firsts})[f]) + 1"
        items = placed(self.plan, row, f"{texts(list(self._files))}[f + 1]")
        written = parquet(len(self.plan.columns))
        done = self._connection.execute(f"COPY (SELECT {items} FROM {self._name}) TO {text(str(path))} {written}")
        return int(done.fetchall()[0][0])

    def close(self) -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS {self._name}")

    def _create(self, query: str) -> None:
        self._firsts.clear()
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {self._name} AS {query}")

    def _insert(self, query: str, file: int) -> None:
        self._connection.execute(f"INSERT INTO {self._name} SELECT * REPLACE ({file} AS f) FROM ({query})")


class StagedTable:
    """One file, of the id `file`, written as Parquet at once and checked there; memory stays flat."""

    def __init__(
        self, connection: DuckDBPyConnection, plan: Plan, path: Path, file: str, *, large: bool = False
    ) -> None:
        self.plan = plan
        self._file = file
        self._connection = connection
        self._path = path
        self._large = large
        self._rows = 0
        self._left_out: Sequence[int] | None = ()

    @property
    def source(self) -> str:
        return staged(self.plan, str(self._path))

    def load(self, path: str, mode: CastMode, *, first: bool = False) -> None:
        """Write the file's rows; a bad value or row is an error."""
        query = strict(self.plan, [path], mode, first=first)
        if self.plan.rescued:
            query = f"SELECT *, row_number() OVER () - 1 AS r FROM ({query})"
        self._copy(self._named(query))

    def load_good(self, path: str, left_out: Sequence[int] | None = None) -> None:
        """Write the file's rows without the bad ones, whose numbers are `left_out` where they are known."""
        self._left_out = left_out
        try:
            self._copy(self._named(lenient(self.plan, [path])))
        finally:
            forget_rejects(self._connection)

    def counts(self) -> dict[int, int]:
        return {0: self._rows} if self._rows else {}

    def row(self, rid: int, file: int) -> int:
        if self._left_out is None:
            return -1
        for number in self._left_out:
            if number > rid:
                break
            rid += 1
        return rid

    def drop(self, rows: str) -> None:
        self._left_out = None
        beside = self._path.with_name(self._path.name + ".kept")
        self._copy(f"SELECT {output(self.plan)} FROM {self.source} WHERE rid NOT IN ({rows})", beside)
        beside.replace(self._path)

    def drop_file(self, file: int) -> None:
        self._rows = 0

    def write(self, path: Path) -> int:
        self._path.replace(path)
        return self._rows

    def close(self) -> None:
        self._path.unlink(missing_ok=True)

    def _named(self, query: str) -> str:
        return f"SELECT {placed(self.plan, 'r + 1', text(self._file))} FROM ({query})"

    def _copy(self, query: str, path: Path | None = None) -> None:
        target, written = text(str(path or self._path)), parquet(len(self.plan.columns), large=self._large)
        done = self._connection.execute(f"COPY ({query}) TO {target} {written}")
        self._rows = int(done.fetchall()[0][0])
