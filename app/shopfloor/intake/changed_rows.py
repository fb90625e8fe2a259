"""How many stored rows a delivery gives other values: corrections that the number of rows does not show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column
from shopfloor.domain.dataset import Part
from shopfloor.domain.errors import IntegrityError
from shopfloor.duck.sql import SQL_TYPES, text, typed
from shopfloor.intake.parts import names_in
from shopfloor.lake.objects import verify_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Stored = tuple[Path, Part]


def replaced_rows(
    connection: DuckDBPyConnection,
    columns: Sequence[Column],
    new: Sequence[Stored],
    old: Sequence[Stored],
    new_files: Collection[str] | None = None,
    old_files: Collection[str] | None = None,
) -> int:
    """Of the `old` rows those in whose place a `new` one came that is equal to none of them.

    Each side is the rows of some files in its parts, or all rows of the parts. Rows are compared by all `columns`;
    one that a part lacks is missing in its rows. The rows of a damaged part are equal to none.
    """
    before, after = _rows(old, old_files), _rows(new, new_files)
    if not before or not after:
        return 0
    try:
        sides = [
            *_digests(connection, columns, new, new_files, "1 AS came, 0 AS went"),
            *_digests(connection, columns, old, old_files, "0 AS came, 1 AS went"),
        ]
    except IntegrityError:
        return min(before, after)
    equal = connection.execute(
        f"SELECT sum(least(came, went)) FROM (SELECT sum(came) AS came, sum(went) AS went "
        f"FROM ({' UNION ALL '.join(sides)}) GROUP BY digest)"
    ).fetchall()[0][0]
    return min(before, after) - int(equal)


def digest_of(connection: DuckDBPyConnection, path: Path, columns: Sequence[Column]) -> str:
    """SQL of one number for the values of a part's row; equal rows have the same, other rows practically never."""
    names = set(names_in(connection, path))
    values = (typed(one) if one.name in names else f"NULL::{SQL_TYPES[one.type]}" for one in columns)
    return f"hash({', '.join(values)})"


def _rows(parts: Sequence[Stored], files: Collection[str] | None) -> int:
    if files is None:
        return sum(part.rows for _, part in parts)
    return sum(span.rows for _, part in parts for span in part.files if span.file in files)


def _digests(
    connection: DuckDBPyConnection,
    columns: Sequence[Column],
    parts: Sequence[Stored],
    files: Collection[str] | None,
    side: str,
) -> list[str]:
    found = []
    for path, part in parts:
        ranges = [
            f"(file_row_number >= {span.first} AND file_row_number < {span.first + span.rows})"
            for span in part.files
            if files is not None and span.file in files
        ]
        if files is not None and not ranges:
            continue
        verify_published([path])
        where = f" WHERE {' OR '.join(ranges)}" if ranges else ""
        digest = digest_of(connection, path, columns)
        found.append(f"SELECT {digest} AS digest, {side} FROM read_parquet({text(str(path))}){where}")
    return found
