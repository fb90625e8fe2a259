"""How many rows of a file were ingested before: what a corrected file repeats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import Part
from shopfloor.duck.sql import name, select_list, text
from shopfloor.intake.records import StagedPart
from shopfloor.lake.objects import part_path, verify_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Overlap(NamedTuple):
    """Of `rows` new ones `repeated` have an equal among those of the earlier file."""

    rows: int
    repeated: int


def overlap(
    connection: DuckDBPyConnection,
    incoming: Sequence[StagedPart],
    previous: Sequence[Part],
    objects: Path,
    file: str,
    earlier: str,
    contract: Contract,
) -> Overlap:
    """Compare the rows of `file` in `incoming` with those of `earlier` in `previous`.

    Rows are equal when they agree in the contract's key, or without one in every column that both have,
    with values of the types that the contract has; missing values are equal to each other, and each
    earlier row is the equal of one row only.
    """
    new = _selects(connection, file, [(Path(staged.path), staged.part) for staged in incoming])
    old = _selects(connection, earlier, [(part_path(objects, part.sha256), part) for part in previous])
    rows = sum(span.rows for staged in incoming for span in staged.part.files if span.file == file)
    if not new or not old:
        return Overlap(rows, 0)
    columns = list(contract.key) or [
        column for column in new[0][1] if all(column in names for _, names in (*new, *old))
    ]
    if not columns or any(column not in names for column in columns for _, names in (*new, *old)):
        return Overlap(rows, 0)
    known = ((each, contract.column(each)) for each in columns)
    picked = ", ".join(name(each) if column is None else select_list([column]) for each, column in known)
    left, right = (" UNION ALL ".join(f"SELECT {picked} FROM {source}" for source, _ in side) for side in (new, old))
    found = connection.execute(f"SELECT count(*) FROM (({left}) INTERSECT ALL ({right}))").fetchall()[0][0]
    return Overlap(rows, int(found))


def _selects(
    connection: DuckDBPyConnection, file: str, parts: Sequence[tuple[Path, Part]]
) -> list[tuple[str, list[str]]]:
    """Each part's rows of `file` as a subquery, with the names of the part's columns."""
    found = []
    for path, part in parts:
        ranges = [
            f"(file_row_number >= {span.first} AND file_row_number < {span.first + span.rows})"
            for span in part.files
            if span.file == file
        ]
        if ranges:
            verify_published([path])
            read = f"read_parquet({text(str(path))})"
            names = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]
            found.append((f"(SELECT * FROM {read} WHERE {' OR '.join(ranges)})", names))
    return found
