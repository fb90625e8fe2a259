"""Numbers as one line of text: sparkline, bars, and two histograms side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shopfloor.tui.widgets import glyphs

Number = float | int | None


def sparkline(
    values: Sequence[Number],
    width: int,
    *,
    low: float | None = None,
    high: float | None = None,
) -> str:
    """`values` in `min(width, len(values))` characters of eight heights.

    Longer series are averaged down. None, NaN and infinities are gaps (spaces). The scale runs from
    the smallest to the largest value, or from `low` to `high`; a level series is drawn mid-height.
    """
    points = bucket_means(values, width)
    return spark_points(points, low, high)


def bucket_means(values: Sequence[Number], width: int) -> list[float | None]:
    """`values` averaged into at most `width` equal buckets; a bucket without numbers is None."""
    count = min(max(width, 0), len(values))
    return [_mean(values[i * len(values) // count : (i + 1) * len(values) // count]) for i in range(count)]


def spark_points(points: Sequence[float | None], low: float | None, high: float | None) -> str:
    """One level character for each point."""
    known = [point for point in points if point is not None]
    if not known:
        return " " * len(points)
    floor = min(known) if low is None else low
    ceiling = max(known) if high is None else high
    return "".join(_level(point, floor, ceiling) for point in points)


def bar(fraction: float | None, width: int) -> str:
    """A bar of exactly `width` cells, filled for `fraction` of it (0 to 1), rounded to halves.

    It is empty only at 0 and full only at 1: begun work shows, work not done is not hidden.
    """
    if width <= 0:
        return ""
    part = 0.0 if fraction is None or not math.isfinite(fraction) else min(1.0, max(0.0, fraction))
    halves = round(part * width * 2)
    if 0 < part < 1:
        halves = min(max(halves, 1), width * 2 - 1)
    solid = glyphs.FULL * (halves // 2) + glyphs.HALF_LEFT * (halves % 2)
    return solid + glyphs.TRACK * (width - len(solid))


def histogram_bars(counts_a: Sequence[float], counts_b: Sequence[float], width: int) -> list[tuple[str, str]]:
    """For each bin a bar to the left for `a` and one to the right for `b`, `width` cells each.

    Both are shares of their own total on one scale, so two samples of different size compare; the
    longest bar fills `width`, and a bin that is not empty shows at least half a cell.
    """
    shares_a, shares_b = shares(counts_a), shares(counts_b)
    most = max((*shares_a, *shares_b), default=0.0)
    pairs = zip(shares_a, shares_b, strict=True)
    return [
        (
            _half_bar(a, most, width, glyphs.HALF_RIGHT, flip=True),
            _half_bar(b, most, width, glyphs.HALF_LEFT, flip=False),
        )
        for a, b in pairs
    ]


def shares(counts: Sequence[float]) -> list[float]:
    """Each count as a part of their sum; all zero for an empty sample."""
    total = sum(counts)
    return [count / total if total > 0 else 0.0 for count in counts]


def _half_bar(share: float, most: float, width: int, half: str, *, flip: bool) -> str:
    halves = round(share / most * width * 2) if most > 0 else 0
    if share > 0:
        halves = max(1, halves)
    full, rest = glyphs.FULL * (halves // 2), half * (halves % 2)
    return (rest + full).rjust(width) if flip else (full + rest).ljust(width)


def _mean(values: Sequence[Number]) -> float | None:
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    return math.fsum(known) / len(known) if known else None


def _level(point: float | None, low: float, high: float) -> str:
    if point is None:
        return " "
    top = len(glyphs.LEVELS) - 1
    # Halved first: the span of two huge numbers of opposite sign would overflow.
    span = high / 2 - low / 2
    if span <= 0:
        return glyphs.LEVELS[top // 2]
    height = (point / 2 - low / 2) / span
    return glyphs.LEVELS[min(top, max(0, int(height * len(glyphs.LEVELS))))]
