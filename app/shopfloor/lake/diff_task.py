"""Compare two dataset versions, in a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shopfloor.duck.sandbox import reading
from shopfloor.lake.columndiff import compare_columns
from shopfloor.lake.profile import profile
from shopfloor.lake.records import DiffAnswer, DiffSpec
from shopfloor.lake.rowdiff import Comparison
from shopfloor.lake.shelf import Shelf

SPEC = DiffSpec


def run(spec: DiffSpec, progress: Callable[[float, str], None]) -> DiffAnswer:
    """Columns by their profiles; rows, where they are asked for, by what is in them."""
    shelf = Shelf(Path(spec.desk.shelf))
    with reading(spec.desk) as connection:
        rows = Comparison(connection, spec.left, spec.right, spec.key) if spec.rows else None
        changed = rows.changed_rows() if rows is not None else {}
        left, right = (profile(connection, side.parts, side.columns, shelf).columns for side in (spec.left, spec.right))
        return DiffAnswer(
            columns=compare_columns(left, right, changed),
            rows=rows.result(spec.limit) if rows is not None else None,
        )
