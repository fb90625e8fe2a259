"""The profile of a dataset version: merged from what is kept of its parts, measuring only the new ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shopfloor.domain.columns import Column
from shopfloor.domain.handles import PartFile
from shopfloor.lake import statistics
from shopfloor.lake.figures import column_profile
from shopfloor.lake.measure import measure, present
from shopfloor.lake.objects import verify
from shopfloor.lake.records import ProfileAnswer
from shopfloor.lake.statistics import Statistics
from shopfloor.lake.statistics_cache import Kept, StatisticsCache, chain, key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Merging fewer parts costs less than keeping the result.
_FEWEST_PARTS_TO_CACHE = 4


def profile(
    connection: DuckDBPyConnection, parts: Sequence[PartFile], columns: Sequence[Column], cache: StatisticsCache
) -> ProfileAnswer:
    """The profile of `columns` over all rows of `parts`, reading only parts that `cache` does not have.

    A part is verified before it is read. Raises `IntegrityError` for a damaged one and `DataError`
    for values that cannot be read as their column's type.
    """
    names = chain(parts)
    known, merged = _longest(cache, names, columns)
    read = 0
    for part in parts[known:]:
        found, measured = _of_part(connection, part, columns, cache)
        read += measured
        merged = [left.plus(right) for left, right in zip(merged, found, strict=True)]
    if known < len(parts) and len(parts) >= _FEWEST_PARTS_TO_CACHE:
        kept = {key(column): each for column, each in zip(columns, merged, strict=True)}
        cache.put(names[-1], Kept(columns=kept))
    rows = sum(part.rows for part in parts)
    profiles = (column_profile(column, each, rows) for column, each in zip(columns, merged, strict=True))
    return ProfileAnswer(columns=tuple(profiles), parts_read=read)


def _longest(cache: StatisticsCache, names: Sequence[str], columns: Sequence[Column]) -> tuple[int, list[Statistics]]:
    """How many leading parts were merged before, and their statistics."""
    for known in range(len(names), 0, -1):
        if not cache.has(names[known - 1]):
            continue
        kept = cache.get(names[known - 1])
        if kept is not None and all(key(column) in kept.columns for column in columns):
            return known, [kept.columns[key(column)] for column in columns]
    return 0, [statistics.nothing() for _ in columns]


def _of_part(
    connection: DuckDBPyConnection, part: PartFile, columns: Sequence[Column], cache: StatisticsCache
) -> tuple[list[Statistics], bool]:
    """The statistics of one part, and whether it had to be read."""
    kept = cache.get(part.sha256) or Kept()
    known = dict(kept.columns)
    stored = kept.present
    wanted = _unknown(columns, kept)
    read = bool(wanted) or not stored
    if read:
        verify(Path(part.path), part.sha256)
        stored = stored or present(connection, part)
        wanted = _unknown(columns, msgspec.structs.replace(kept, present=stored))
        known |= zip(map(key, wanted), measure(connection, part, wanted), strict=True)
        cache.put(part.sha256, Kept(present=stored, columns=known))
    absent = statistics.nothing(part.rows)
    return [known.get(key(column), absent) for column in columns], read


def _unknown(columns: Sequence[Column], kept: Kept) -> list[Column]:
    """Columns that the part stores and nobody has measured yet."""
    return [column for column in columns if column.name in kept.present and key(column) not in kept.columns]
