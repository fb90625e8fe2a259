"""Bins of levels: the commonest have one each, the others are binned by how often the reference has them.

What is binned by its own frequency looks rarer the next time, because chance has chosen it. Therefore rows of the
reference are binned as if they were new to it: by how often all its other rows have their level (leave-one-out; of what
has not been seen before this gives the estimate of Good 1953, Biometrika 40:237).
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from shopfloor.artifacts.table import Categorical
from shopfloor.domain.text import safe
from shopfloor.monitoring.records import Bins, FeatureReference, Sketch
from shopfloor.statistics.arrays import Codes

LEVEL = "level"
NEW, OTHER = "(new)", "(other)"

_LEVELS = 14
_LEVEL_SHARE = 0.01
_POOLS = 4
_POOL_SHARE = 0.1
_KEPT = 20_000
_SELDOM = 20  # a level of more rows is hardly rarer without one of them, and alone in its pool it would leave it empty
_BURST = 3
_SURE = 4.0

Counts = NDArray[np.int64]


def fit_levels(factor: Categorical, chunks: Codes | None) -> tuple[Bins, Codes]:
    """The bins without their key, and the bin of each row as if it were the next one, (rows,).

    `chunks` numbers the stretches of the reference's time, (rows,): a level that one stretch alone has, and more than
    once, came with it, and the next stretch will bring others.
    """
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.levels))
    rows = int(counts.sum())
    order = np.argsort(-counts, kind="stable")
    kept = order[:_LEVELS][counts[order[:_LEVELS]] >= max(_LEVEL_SHARE * rows, 1)]
    others = counts.copy()
    others[kept] = 0
    lows = _lows(others, rows)
    pools = _pools(others, lows)
    strata = [[factor.levels[place] for place in np.flatnonzero(pools == pool)] for pool in range(len(lows))]
    bins = Bins(
        kind=LEVEL,
        labels=(*(safe(factor.levels[place], 40) for place in kept), *_names(lows), NEW),
        levels=tuple(factor.levels[place] for place in kept),
        strata=tuple(map(_packed, strata)),
        known=(),
    )
    others -= ((others > 0) & (others <= _SELDOM)).astype(others.dtype)  # without the row itself
    others[_bursts(factor, counts, chunks)] = 0
    return bins, _codes(factor, kept, _pools(others, lows))


def level_codes(factor: Categorical, bins: Bins) -> Codes:
    """The bin of each row, (rows,); -1 is missing."""
    places = {level: place for place, level in enumerate(bins.levels)}
    digests = np.array([_digest(level) for level in factor.levels], dtype=np.uint32)
    table = np.full(len(factor.levels), len(bins.labels) - 1, dtype=np.intp)
    for number, stratum in enumerate(bins.strata):
        table[np.isin(digests, _unpacked(stratum))] = len(bins.levels) + number
    if not bins.strata:
        _by_name(factor.levels, digests, bins, table)
    for code, level in enumerate(factor.levels):
        table[code] = places.get(level, table[code])
    return np.append(table, -1)[factor.codes]


def is_learned(sketch: Sketch, feature: FeatureReference) -> bool:
    """Whether rows are among those that the reference is made of: they bring far fewer new levels than others would."""
    whole = feature.whole
    one_for_all = sketch.top > whole.top + _POOL_SHARE
    if not feature.bins.strata or not sketch.present or not whole.present or one_for_all:
        return False
    expected, found = whole.counts[-1] / whole.present, sketch.counts[-1] / sketch.present
    noise = expected * (1 - expected) * (1 / sketch.present + 1 / whole.present)
    return found < expected - _SURE * math.sqrt(noise)


def commonest_levels(sketch: Sketch, bins: Bins) -> Sketch:
    """The same with all but the commonest levels in one bin: how often the reference has them tells of learned rows
    only that they are counted there."""
    named, others = sketch.counts[: len(bins.levels)], sketch.counts[len(bins.levels) :]
    return replace(sketch, counts=(*named, sum(others), *(0 for _ in others[1:])))


def _by_name(levels: Sequence[str], digests: NDArray[np.uint32], bins: Bins, table: Codes) -> None:
    """As references say it that are older than strata: by name, or in pools by digest."""
    known = None if bins.known is None else frozenset(bins.known)
    for code, level in enumerate(levels):
        if bins.pools and (known is None or level in known):
            table[code] = len(bins.levels) + int(digests[code]) % bins.pools


def _lows(others: Counts, rows: int) -> list[int]:
    """The least count of each pool, the commonest pool first; pools hold about equal numbers of rows. What occurred at
    all is in the last one, unless there are too many levels to keep."""
    distinct, levels = np.unique(others[others > 0], return_counts=True)
    if not len(distinct):
        return []
    enough = np.cumsum(levels[::-1])[::-1] <= _KEPT
    distinct, levels = distinct[enough], levels[enough]
    if not len(distinct):
        return []
    held = np.cumsum((distinct * levels)[::-1])[::-1]
    number = int(np.clip(held[0] / rows / _POOL_SHARE, 1, _POOLS))
    places = {int(np.flatnonzero(held >= held[0] * (one + 1) / number)[-1]) for one in range(number)}
    lows = [int(distinct[place]) for place in sorted(places, reverse=True)]
    return [*lows[:-1], 1] if enough.all() else lows


def _pools(counts: Counts, lows: list[int]) -> Codes:
    """The pool of levels with such `counts`, (levels,); the number of pools is that of none."""
    if not lows:
        return np.zeros(len(counts), dtype=np.intp)
    rising = np.array(lows[::-1])
    found = len(lows) - np.searchsorted(rising, counts, side="right")
    return found.astype(np.intp)


def _bursts(factor: Categorical, counts: Counts, chunks: Codes | None) -> NDArray[np.bool_]:
    """Levels whose rows are all of one chunk, though there are three at least, (levels,)."""
    number = 0 if chunks is None else int(chunks.max(initial=-1)) + 1
    if chunks is None or number < 3:
        return np.zeros(len(counts), dtype=np.bool_)
    usable = (factor.codes >= 0) & (chunks >= 0)
    flat = factor.codes[usable] * number + chunks[usable]
    table = np.bincount(flat, minlength=len(counts) * number).reshape(len(counts), number)
    found: NDArray[np.bool_] = (table.max(axis=1) == counts) & (counts >= _BURST)
    return found


def _codes(factor: Categorical, kept: Codes, pools: Codes) -> Codes:
    table = len(kept) + pools
    table[kept] = np.arange(len(kept))
    return np.append(table, -1)[factor.codes].astype(np.intp)


def _names(lows: list[int]) -> list[str]:
    """How often the reference has the levels of each pool."""
    if len(lows) < 2:
        return [OTHER] * len(lows)
    between = [(low, higher - 1) for higher, low in pairwise(lows)]
    spans = [f"{low}×" if low == high else f"{low} to {high}×" for low, high in between]
    return [f"(other, {span})" for span in (f"{lows[0]}× or more", *spans)]


def _digest(level: str) -> int:
    return zlib.crc32(level.encode("utf-8", "surrogatepass"))


def _packed(levels: Sequence[str]) -> str:
    digests = np.unique(np.array([_digest(level) for level in levels], dtype="<u4"))
    return base64.b64encode(digests.tobytes()).decode()


def _unpacked(stratum: str) -> NDArray[np.uint32]:
    return np.frombuffer(base64.b64decode(stratum), dtype="<u4")
