"""Parquet: columns have types, the footer has the count, and what it says of sizes is not believed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.file import Reason
from shopfloor.duck.sql import name, text
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import FileFormat, PreparedFile, Source, first_line
from shopfloor.formats.magic import PARQUET, foreign
from shopfloor.formats.raw_type import nested
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import expands_too_much, wrong_format
from shopfloor.formats.reasons.headers import header_only
from shopfloor.formats.reasons.parquet import (
    parquet_damaged,
    parquet_encrypted,
    parquet_truncated,
    parquet_without_columns,
)
from shopfloor.formats.shape import NOTHING, Shape, check_names
from shopfloor.formats.totals import may_be_totals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Parquet says how large its values are, but may lie: text is counted when it is read.
MAX_TEXT_RATIO = 400
FREE_TEXT = 512 << 20
_LABELS = 20  # columns in which a word for totals may stand
_STAGED = re.compile(r'^Failed to read file "[^"]*": ')


class ParquetFormat(FileFormat):
    """Parquet files, read as they are."""

    label = "Parquet"
    typed = True
    small, full = 1 << 20, 4 << 20  # a file may hold fifty times its size

    def check(self, head: bytes) -> None:
        if not head.startswith(PARQUET):
            raise BadFile(wrong_format(self.label, foreign(head) or "something else"))

    def open(self, source: Source) -> PreparedFile:
        connection, path = source.connection, text(str(source.path))
        try:
            listed = connection.execute(f"SELECT name, num_children FROM parquet_schema({path})").fetchall()
            names = _top_level(listed)
            if not names:
                raise BadFile(parquet_without_columns())
            check_names(names)
            described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({path})").fetchall()
            counts = f"SELECT sum(num_rows), sum(num_row_groups) FROM parquet_file_metadata({path})"
            rows, groups = connection.execute(counts).fetchall()[0]
            if not rows and not source.may_be_empty:
                raise BadFile(header_only())
            raw = _without_values(connection, path, names, [str(row[1]) for row in described])
            may_sum = _check_expansion(source, names, raw, groups)
        except (duckdb.Error, MemoryError) as error:
            raise BadFile(reason_of(error, self, source.path, source.memory_mb)) from error
        return PreparedFile(source.file, Shape(self, tuple(names), raw), source.path, int(rows), may_sum=may_sum)

    def scan(self, shape: Shape, files: str, *, rejects: bool) -> str:
        return f"read_parquet({files})"

    def columns(self, shape: Shape) -> str:
        return ", ".join(f"{name(column)} AS c{i}" for i, column in enumerate(shape.own))

    def row(self, shape: Shape, path: Path, number: int) -> str | None:
        if "VARCHAR" not in shape.raw[: shape.width]:
            return None  # nothing in it can say that it is a total
        return f"SELECT {self.columns(shape)} FROM read_parquet({text(str(path))}) WHERE file_row_number = {number}"

    def reason(self, message: str, path: Path) -> Reason:
        if "No magic bytes" in message or "too small" in message:
            return parquet_truncated()
        if "encrypted" in message:
            return parquet_encrypted()
        # DuckDB names the staged copy, which says nothing to the person who delivered the file.
        return parquet_damaged(_STAGED.sub("", first_line(message)))


FORMAT = ParquetFormat()


def _without_values(
    connection: DuckDBPyConnection, path: str, names: Sequence[str], raw: Sequence[str]
) -> tuple[str, ...]:
    """The types, `NOTHING` for a column that holds no value: its type is what its writer had by default."""
    # Statistics know most columns that hold values; the others are read. NaN is no value.
    known = {
        str(row[0])
        for row in connection.execute(
            f"SELECT path_in_schema FROM parquet_metadata({path}) "
            "WHERE stats_min_value IS NOT NULL AND lower(stats_min_value) <> 'nan'"
        ).fetchall()
    }
    unsure = [i for i, column in enumerate(names) if column not in known and not nested(raw[i])]
    if not unsure:
        return tuple(raw)
    counts = ", ".join(
        f"count(nullif({name(names[i])}, 'nan'))" if raw[i] in {"FLOAT", "DOUBLE"} else f"count({name(names[i])})"
        for i in unsure
    )
    found = connection.execute(f"SELECT {counts} FROM read_parquet({path})").fetchall()[0]
    empty = {i for i, count in zip(unsure, found, strict=True) if not count}
    return tuple(NOTHING if i in empty else kind for i, kind in enumerate(raw))


def _check_expansion(source: Source, names: Sequence[str], raw: Sequence[str], groups: int) -> bool:
    """Raise `BadFile` for text that is out of all proportion to the file.

    False where the last row of a file with one row group has no word for totals: asking for that row alone would cost
    a small file as much again.
    """
    texts = [name(column) for column, kind in zip(names, raw, strict=True) if kind == "VARCHAR"]
    if not texts:
        return False
    total = " + ".join(f"coalesce(sum(strlen({column})), 0)" for column in texts)
    last = []
    if groups == 1:
        given = " + ".join(f"(last({name(column)}) IS NOT NULL)::INTEGER" for column in names[:_LABELS])
        last = [given, *(f"last({column})" for column in texts[:_LABELS])]
    query = f"SELECT {', '.join([total, *last])} FROM read_parquet({text(str(source.path))})"
    size, *end = source.connection.execute(query).fetchall()[0]
    if size > max(FREE_TEXT, MAX_TEXT_RATIO * source.path.stat().st_size):
        raise BadFile(expands_too_much(MAX_TEXT_RATIO, int(size)))
    return not end or end[0] <= 1 or may_be_totals(end[1:])


def _top_level(listed: Sequence[tuple[str, int | None]]) -> list[str]:
    """The names of the root's children in a depth-first list of (name, number of children)."""

    def skip(position: int) -> int:
        children = listed[position][1] or 0
        position += 1
        for _ in range(children):
            position = skip(position)
        return position

    names, position = [], 1
    while position < len(listed):
        names.append(listed[position][0])
        position = skip(position)
    return names
