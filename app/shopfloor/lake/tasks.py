"""Tasks about dataset versions; light to import, so that the engine can name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shopfloor.lake.records import DiffAnswer, DiffSpec, ProfileAnswer, ProfileSpec


def profile_version(spec: ProfileSpec, progress: Callable[[float, str], None]) -> ProfileAnswer:
    """Statistics of every column, of which only new parts are read."""
    from shopfloor.duck.sandbox import sandboxed_duckdb
    from shopfloor.lake.profile import profile
    from shopfloor.lake.statistics_cache import StatisticsCache

    with sandboxed_duckdb(spec.sandbox) as connection:
        return profile(connection, spec.side.parts, spec.side.columns, StatisticsCache(Path(spec.cache)))


def compare_versions(spec: DiffSpec, progress: Callable[[float, str], None]) -> DiffAnswer:
    """Columns by their profiles; rows, where they are asked for, by what is in them."""
    from shopfloor.duck.sandbox import sandboxed_duckdb
    from shopfloor.lake.columndiff import compare_columns
    from shopfloor.lake.profile import profile
    from shopfloor.lake.rowdiff import RowComparison
    from shopfloor.lake.statistics_cache import StatisticsCache

    cache = StatisticsCache(Path(spec.cache))
    with sandboxed_duckdb(spec.sandbox) as connection:
        rows = RowComparison(connection, spec.left, spec.right, spec.key) if spec.rows else None
        changed = rows.changed_rows() if rows is not None else {}
        left, right = (profile(connection, side.parts, side.columns, cache).columns for side in (spec.left, spec.right))
        return DiffAnswer(
            columns=compare_columns(left, right, changed),
            rows=rows.result(spec.limit) if rows is not None else None,
        )
