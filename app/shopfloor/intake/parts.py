"""Parts: rows written to staging as Parquet, measured and described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import FileSpan, Part
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.text import listed
from shopfloor.duck.sql import SQL_TYPES, name, parquet, text
from shopfloor.formats.cast_rule import CastMode, CastRule
from shopfloor.intake.records import StagedPart
from shopfloor.lake.objects import verify
from shopfloor.workspace.digests import file_sha256

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def describe_part(
    connection: DuckDBPyConnection,
    path: Path,
    rows: int,
    spans: Sequence[FileSpan],
    contract: Contract,
) -> StagedPart:
    """The record of a part written at `path`, which has the contract's columns.

    Raises `IntegrityError` where the part has any other column: such a part is never published.
    """
    _check_columns(connection, path, [column.name for column in contract.columns])
    return _described(connection, path, rows, spans, contract)


def _described(
    connection: DuckDBPyConnection, path: Path, rows: int, spans: Sequence[FileSpan], contract: Contract
) -> StagedPart:
    first, last = _times(connection, path, contract)
    return StagedPart(
        path=str(path),
        part=Part(
            sha256=file_sha256(path),
            rows=rows,
            bytes=path.stat().st_size,
            files=tuple(spans),
            time_min=first,
            time_max=last,
        ),
    )


def spans_of(counts: dict[int, int], files: Sequence[str]) -> list[FileSpan]:
    """Row ranges, in order, from rows by file index."""
    spans, first = [], 0
    for index, rows in counts.items():
        spans.append(FileSpan(file=files[index], first=first, rows=rows))
        first += rows
    return spans


def rewrite(
    connection: DuckDBPyConnection,
    source: Path,
    spans: Sequence[FileSpan],
    path: Path,
    without: str,
    contract: Contract,
) -> StagedPart | None:
    """A copy at `path` of the part at `source` without some rows; None when none are left.

    The query `without` gives the file_row_number of rows to leave out; it may use the table
    `stored`, the part's rows with file_row_number. `spans` are the part's files.
    """
    stored = f"WITH stored AS (SELECT *, file_row_number FROM read_parquet({text(str(source))}))"
    kept = f"file_row_number NOT IN ({without})"
    names = names_in(connection, source)
    rest = f"SELECT * EXCLUDE (file_row_number) FROM stored WHERE {kept}"
    done = connection.execute(f"COPY ({stored} {rest}) TO {text(str(path))} {parquet(len(names))}")
    rows = int(done.fetchall()[0][0])
    if rows == 0:
        path.unlink()
        return None
    counts = ", ".join(
        f"count_if(file_row_number >= {span.first} AND file_row_number < {span.first + span.rows})" for span in spans
    )
    left: list[FileSpan] = []
    if counts:
        query = f"{stored} SELECT {counts} FROM stored WHERE {kept}"
        found = enumerate(connection.execute(query).fetchall()[0])
        left = spans_of({i: n for i, n in found if n}, [span.file for span in spans])
    _check_columns(connection, path, names)
    return _described(connection, path, rows, left, contract)


def reread(
    connection: DuckDBPyConnection, source: Path, part: Part, path: Path, readings: Mapping[str, CastRule], to: Contract
) -> StagedPart:
    """A copy at `path` of the part at `source` in which columns stored as text are read as their types of now."""
    verify(source, part.sha256)  # a copy of damaged bytes would get a digest of its own
    names = names_in(connection, source)
    again = {i: readings[column] for i, column in enumerate(names) if column in readings}
    raw = ", ".join(f"{name(column)} AS c{i}" for i, column in enumerate(names))
    tried = ", ".join(item for i, how in again.items() for item in how.tried(i))
    types = {column.name: SQL_TYPES[column.type] for column in to.columns}
    values = (
        f"({again[i].at(CastMode.ALTERING, i)})::{types[column]} AS {name(column)}"
        if i in again
        else f"c{i} AS {name(column)}"
        for i, column in enumerate(names)
    )
    rows = f"(SELECT *{', ' if tried else ''}{tried} FROM (SELECT {raw} FROM read_parquet({text(str(source))})))"
    connection.execute(f"COPY (SELECT {', '.join(values)} FROM {rows}) TO {text(str(path))} {parquet(len(names))}")
    _check_columns(connection, path, names)
    return _described(connection, path, part.rows, part.files, to)


def names_in(connection: DuckDBPyConnection, path: Path) -> list[str]:
    """The names of the columns of a part, as they are written there."""
    # Not by DESCRIBE, which gives another name to one that it takes for a second one.
    query = f"SELECT name FROM parquet_schema({text(str(path))}) WHERE type IS NOT NULL"
    return [str(row[0]) for row in connection.execute(query).fetchall()]


def _check_columns(connection: DuckDBPyConnection, path: Path, intended: Sequence[str]) -> None:
    """Raise `IntegrityError` unless the part at `path` has exactly the `intended` columns, in their order."""
    written = names_in(connection, path)
    if written == list(intended):
        return
    odd = [name for name in written if name not in intended] or [name for name in intended if name not in written]
    raise IntegrityError(
        f"The rows were written under other names than intended ({listed(odd or written)}); they were not ingested.",
        hint="Two columns may have names that are the same to DuckDB. Rename one of them, then retry the file.",
        code="part_columns",
    )


def _times(connection: DuckDBPyConnection, path: Path, contract: Contract) -> tuple[datetime | None, datetime | None]:
    """The span of the contract's time column, in UTC; nothing when it has none."""
    column = contract.column(contract.time) if contract.time else None
    if column is None or not column.type.temporal:
        return None, None
    time = f"{name(column.name)}::TIMESTAMP"
    first, last = connection.execute(
        f"SELECT min({time}), max({time}) FROM read_parquet({text(str(path))})"
    ).fetchall()[0]
    return _utc(first), _utc(last)


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
