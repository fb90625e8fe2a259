"""Counts in nested bins: a histogram whose merge is the histogram of the whole.

A bin of level `l + 1` is two bins of level `l`, and the level follows from the values alone, so
counts of two halves, made coarser to the level of both, are the counts of all, in any order.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

# So many bins a histogram has at most; a bin is then at most 1/1023 of the range wide.
MOST = 2048
# 64 doublings, from a billionth to a billion and beyond, at the full resolution of `octaves`.
MOST_OCTAVES = 4096
_MANTISSA_BITS = 6
_DROPPED_BITS = 52 - _MANTISSA_BITS
_LOWEST_EXPONENT = -1074


class SparseHistogram(msgspec.Struct, frozen=True, array_like=True):
    """`counts` of the occupied bins `keys` (ascending), which are `2**level` finest bins wide."""

    level: int
    keys: np.ndarray  # int64
    counts: np.ndarray  # int64

    def coarser(self, level: int) -> SparseHistogram:
        """The same counts in bins of `level`, which is not below this one's."""
        if level <= self.level or not len(self.keys):
            return SparseHistogram(max(level, self.level), self.keys, self.counts)
        keys, first = np.unique(self.keys >> min(level - self.level, 63), return_index=True)
        return SparseHistogram(level, keys, np.add.reduceat(self.counts, first))

    def plus(self, other: SparseHistogram, level: int) -> SparseHistogram:
        """The counts of both in bins of `level`, or of the coarser one's level."""
        level = max(level, self.level, other.level)
        left, right = self.coarser(level), other.coarser(level)
        keys, places = np.unique(np.concatenate([left.keys, right.keys]), return_inverse=True)
        counts = np.zeros(len(keys), np.int64)
        np.add.at(counts, places, np.concatenate([left.counts, right.counts]))
        return SparseHistogram(level, keys, counts)

    def at_rank(self, rank: int) -> int:
        """The key of the bin that holds the value number `rank`, counted from 1 in ascending order."""
        return int(self.keys[int(np.searchsorted(np.cumsum(self.counts), rank))])


def nothing(level: int = 0) -> SparseHistogram:
    """No counts."""
    return SparseHistogram(level, np.empty(0, np.int64), np.empty(0, np.int64))


def grid_level(low: float, high: float) -> int:
    """The finest level at which `low` and `high` are less than `MOST` bins of width `2**level` apart.

    Integers are never cut finer than 1, doubles never finer than their own last bit.
    """
    if isinstance(low, int) and isinstance(high, int):
        level = max(0, (high - low).bit_length() - 13)
        while (high >> level) - (low >> level) >= MOST:
            level += 1
        return level
    largest = max(abs(low), abs(high))
    finest = max(math.frexp(largest)[1] - 53, _LOWEST_EXPONENT) if largest else _LOWEST_EXPONENT
    level = max(finest, math.frexp(high / 2 - low / 2)[1] - 12) if high > low else finest
    while _key(high, level) - _key(low, level) >= MOST:
        level += 1
    return level


def _key(value: float, level: int) -> int:
    """A small negative value underflows to zero when it is scaled; it belongs below."""
    scaled = math.ldexp(value, -level)
    return -1 if value < 0 and scaled == 0 else math.floor(scaled)


def grid(values: NDArray[Any], level: int) -> SparseHistogram:
    """Finite `values` (int64 or float64) in bins `[key * 2**level, (key + 1) * 2**level)`."""
    if values.dtype == np.int64:
        return _counted(level, values >> level)
    scaled = values * 2.0**-level if -1000 < level < 1000 else np.ldexp(values, -level)
    keys = np.floor(scaled).astype(np.int64)
    keys[(values < 0) & (scaled == 0)] = -1  # see _key
    return _counted(level, keys)


def grid_edges(key: int, level: int) -> tuple[float, float]:
    """Where a bin of a grid of doubles begins and ends; beyond the largest double it is infinite."""
    return _scaled(key, level), _scaled(key + 1, level)


def _scaled(key: int, level: int) -> float:
    try:
        return math.ldexp(key, level)
    except OverflowError:
        return math.copysign(math.inf, key)


def octaves(values: NDArray[np.float64]) -> SparseHistogram:
    """Finite `values` in bins of a relative width of 1/64 or less: the leading bits of a double.

    Wider by twos when there would be more than 4,096, that is beyond 64 doublings. The idea is that
    of HdrHistogram and of DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019), with the logarithm read off the exponent.
    """
    magnitudes = np.abs(values).view(np.int64) >> _DROPPED_BITS
    return narrowed(_counted(0, np.where(values < 0, -1 - magnitudes, magnitudes)))


def narrowed(bins: SparseHistogram) -> SparseHistogram:
    """At most `MOST_OCTAVES` bins, by the least coarsening."""
    while len(bins.keys) > MOST_OCTAVES:
        bins = bins.coarser(bins.level + 1)
    return bins


def octave_edges(key: int, level: int) -> tuple[float, float]:
    """Where a bin of `octaves` begins and ends; the side away from zero may be infinite."""
    near, far = (_double(each << level) for each in ((key, key + 1) if key >= 0 else (-1 - key, -key)))
    return (near, far) if key >= 0 else (-far, -near)


def _double(leading: int) -> float:
    bits = min(leading << _DROPPED_BITS, 0x7FF << 52)
    return float(np.int64(bits).view(np.float64))


def _counted(level: int, keys: NDArray[np.int64]) -> SparseHistogram:
    if not len(keys):
        return nothing(level)
    low = int(keys.min())
    if int(keys.max()) - low < 1 << 19:
        counts = np.bincount(keys - low)
        occupied = np.flatnonzero(counts)
        return SparseHistogram(level, occupied.astype(np.int64) + low, counts[occupied].astype(np.int64))
    found, numbers = np.unique(keys, return_counts=True)
    return SparseHistogram(level, found, numbers.astype(np.int64))
