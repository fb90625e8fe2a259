"""Statistics as the figures that people read."""

from __future__ import annotations

import math

import numpy as np

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import ColumnProfile
from shopfloor.domain.numbers import significant
from shopfloor.lake.bins import grid_edges, octave_edges
from shopfloor.lake.statistics import End, Statistics

BINS = 20
TOP = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Beyond so many different values the most frequent ones say little.
_TOP_DISTINCT = 50_000
_TENS: tuple[int, ...] = tuple(10**power for power in range(18, -1, -1))
_STEPS = {ColumnType.DATE: (1,), ColumnType.TIMESTAMP: (86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1)}
_SECONDS = {ColumnType.DATE: 86_400.0, ColumnType.TIMESTAMP: 1e-6}


def column_profile(column: Column, found: Statistics, rows: int) -> ColumnProfile:
    """The profile of a column. `approximate` names the figures that are not exact."""
    values = found.rows - found.missing
    top = found.frequent.top(TOP) if found.distinct.estimate <= _TOP_DISTINCT else ()
    edges, counts = _histogram(column.type, found)
    quantiles = [(share, *_quantile(column.type, found, share)) for share in QUANTILES if found.grid.counts.size]
    doubtful = {
        "distinct": not found.distinct.exact,
        "top": bool(top) and found.frequent.error > 0,
        "histogram": len(counts) > 1 and not _whole(found),
        "quantiles": any(not exact for _, _, exact in quantiles),
    }
    return ColumnProfile(
        name=column.name,
        type=column.type.value,
        rows=rows,
        missing=found.missing,
        distinct=min(found.distinct.estimate, values),
        min=shown(column.type, found.low),
        max=shown(column.type, found.high),
        mean=found.moments.mean if found.moments.count and math.isfinite(found.moments.mean) else None,
        deviation=found.moments.deviation,
        quantiles=tuple((share, shown(column.type, value) or "") for share, value, _ in quantiles),
        top=top,
        top_error=found.frequent.error if top else 0,
        edges=tuple(edges),
        histogram=tuple(counts),
        approximate=tuple(name for name, true in doubtful.items() if true),
    )


def shown(kind: ColumnType, value: End) -> str | None:
    """A value as text: times as `2026-01-31 09:00:00`."""
    if value is None or isinstance(value, str):
        return value
    if kind is ColumnType.DATE:
        return str(np.datetime64(int(value), "D"))
    if kind is ColumnType.TIMESTAMP:
        whole, _, fraction = str(np.datetime64(int(value), "us")).replace("T", " ").partition(".")
        return f"{whole}.{fraction.rstrip('0')}".rstrip(".")
    return str(value)


def _whole(found: Statistics) -> bool:
    """True where a bin of the grid holds one value only: integers less than 2,048 apart."""
    return isinstance(found.low, int) and found.grid.level == 0


def _histogram(kind: ColumnType, found: Statistics) -> tuple[list[float], list[int]]:
    """Edges and counts of up to 20 bins of equal width from the smallest to the largest value.

    A value may be counted in the next bin when it is within 1/1023 of the range of an edge.
    """
    low, high = found.low, found.high
    if not isinstance(low, int | float) or not isinstance(high, int | float) or not math.isfinite(high - low):
        return [], []
    number = BINS if high > low else 1
    width = (high - low) / number or 1.0
    counts = [0] * number
    for value, count in zip(found.grid.keys.tolist(), found.grid.counts.tolist(), strict=True):
        start = max(low, grid_edges(value, found.grid.level)[0])
        counts[min(number - 1, max(0, math.floor((start - low) / width)))] += count
    unit = _SECONDS.get(kind, 1.0)
    edges = [low + width * step for step in range(number)] + [high]
    return [edge * unit for edge in edges], counts


def _quantile(kind: ColumnType, found: Statistics, share: float) -> tuple[int | float, bool]:
    """The smallest value that `share` of the values do not exceed, and whether it is exact.

    It lies both in a bin of the grid and in one of the octaves. Of what they share the shortest value
    near the middle is taken: off by at most 1/64 of the value or 1/1023 of the range, whichever is less.
    """
    low, high = found.low, found.high
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    rank = min(max(1, math.ceil(share * int(found.grid.counts.sum()))), int(found.grid.counts.sum()))
    key = found.grid.at_rank(rank)
    first: int | float
    last: int | float
    if isinstance(low, int) and isinstance(high, int):
        first, last = max(low, key << found.grid.level), min(high, ((key + 1) << found.grid.level) - 1)
    else:
        first, last = grid_edges(key, found.grid.level)
        first, last = max(low, first), min(high, last)
    if found.octaves.counts.size and last > first:
        least, most = octave_edges(found.octaves.at_rank(rank), found.octaves.level)
        first, last = max(first, least), min(last, most)
    if isinstance(low, int):
        return _round_integer(kind, math.ceil(first), math.floor(last)), math.ceil(first) >= last
    return _round_number(first, last), first >= last


def _round_integer(kind: ColumnType, first: int, last: int) -> int:
    """A round value from `first` to `last`: a whole day, hour, minute or second, or with zeros at the end."""
    middle = (first + last) // 2
    for step in _STEPS.get(kind, _TENS):
        near = (middle + step // 2) // step * step
        if first <= near <= last:
            return near
    return middle


def _round_number(first: float, last: float) -> float:
    """The number with the fewest digits, near the middle of `first` and `last`."""
    middle = first / 2 + last / 2
    for digits in range(1, 17):
        near = significant(middle, digits)
        if first <= near <= last:
            return near
    return middle
