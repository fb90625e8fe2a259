"""How much the data moves by itself: limits from the reference's own chunks and past deliveries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

from shopfloor.monitoring.bins import NUMBER
from shopfloor.monitoring.records import FeatureReference, Sketch
from shopfloor.statistics.distances import jensen_shannon, wasserstein

_LEVEL = 0.995
_FEW = 4
_ENOUGH = 0.75

SAME_PROMISE = 0.2
"""What a test against the holdout may use of the false-discovery rate.

One holdout promised for all checks to come: where it was lucky it is so in each of them, and persistence, which asks
for a second one, asks nothing new. With the whole rate 8 to 12 of 100 models that never changed were called fallen
within ten checks; with a fifth of it, 1 to 2 (simulated, holdouts of 300 to 1,500 rows).
"""
MOVE, MIX = "wasserstein", "jensen_shannon"
FEW_ROWS = 30
"""A stretch with fewer values says nothing about a distribution."""

Distance = Callable[[Sketch, Sketch], float]


def prediction_limit(values: Sequence[float]) -> float:
    """What the next value stays below, judged by `values` of the same kind; 0 without any.

    The 99.5 % upper prediction bound of a normal sample, mean + t * sd * sqrt(1 + 1/K), held
    between the greatest value seen and 1 + 4/K times it (twice, from four values down): few values
    make the bound wild, and also leave room above the greatest.
    """
    found = np.asarray(values, dtype=np.float64)
    if not len(found):
        return 0.0
    greatest = float(found.max())
    stretch = 1 + _FEW / max(len(found), _FEW)
    if len(found) < _FEW:
        return stretch * greatest
    reach = float(special.stdtrit(len(found) - 1, _LEVEL)) * math.sqrt(1 + 1 / len(found))
    bound = float(found.mean() + reach * found.std(ddof=1))
    return min(max(bound, greatest), stretch * greatest)


def merge(sketches: Sequence[Sketch]) -> Sketch:
    """Several stretches as one. Points are resampled, so they are close, not exact."""
    if len(sketches) == 1:
        return sketches[0]
    filled = [sketch for sketch in sketches if sketch.points]
    present = sum(sketch.present for sketch in sketches)
    return Sketch(
        rows=sum(sketch.rows for sketch in sketches),
        missing=sum(sketch.missing for sketch in sketches),
        counts=tuple(np.sum([sketch.counts for sketch in sketches], axis=0).tolist()),
        points=_resampled(filled) if filled else (),
        top=sum(sketch.top * sketch.present for sketch in sketches) / present if present else 0.0,
    )


def _resampled(sketches: Sequence[Sketch]) -> tuple[float, ...]:
    points = np.concatenate([sketch.points for sketch in sketches])
    weights = np.concatenate([np.full(len(s.points), s.present / len(s.points)) for s in sketches])
    order = np.argsort(points, kind="stable")
    middles = np.cumsum(weights[order]) - weights[order] / 2
    number = len(sketches[0].points)
    wanted = (np.arange(number) + 0.5) / number * weights.sum()
    return tuple(float(value) for value in np.interp(wanted, middles, points[order]))


def recent(sketches: Sequence[Sketch], rows: int) -> Sketch:
    """The newest of `sketches` (oldest first) merged until they hold about `rows` present rows: a
    delivery is compared with as much data as it has itself."""
    taken: list[Sketch] = []
    held = 0
    for sketch in reversed(sketches):
        taken.append(sketch)
        held += sketch.present
        if held >= _ENOUGH * rows:
            break
    return merge(taken[::-1])


def steps(sketches: Sequence[Sketch], rows: int, distance: Distance) -> list[float]:
    """Distances between neighbouring blocks of about `rows` rows; of smaller blocks when there are
    too few of that size. A few large blocks move less than many small ones."""
    found: list[float] = []
    target = float(rows)
    while target >= FEW_ROWS:
        found = _block_steps(sketches, target, distance)
        if len(found) >= _FEW or target <= min(sketch.present for sketch in sketches):
            break
        target /= 2
    return found


def _block_steps(sketches: Sequence[Sketch], rows: float, distance: Distance) -> list[float]:
    found = []
    for start in range(len(sketches)):
        middle = _block_end(sketches, start, rows)
        end = None if middle is None else _block_end(sketches, middle, rows)
        if middle is None or end is None:
            break
        found.append(distance(merge(sketches[start:middle]), merge(sketches[middle:end])))
    return found


def _block_end(sketches: Sequence[Sketch], start: int, rows: float) -> int | None:
    """Behind the last sketch of a block that begins at `start`; None when the rows run out."""
    held = 0
    for place in range(start, len(sketches)):
        held += sketches[place].present
        if held >= _ENOUGH * rows:
            return place + 1
    return None


def away(sketches: Sequence[Sketch], whole: Sketch, distance: Distance) -> list[float]:
    """The distance of each chunk from all other rows of the reference."""
    found = []
    for sketch in sketches:
        rest = _without(sketches, sketch, whole)
        if sketch.present and rest.present:
            found.append(distance(sketch, rest))
    return found


def _without(sketches: Sequence[Sketch], chunk: Sketch, whole: Sketch) -> Sketch:
    """All rows but those of `chunk`; points come from the other chunks."""
    others = [sketch for sketch in sketches if sketch is not chunk and sketch.points]
    return Sketch(
        rows=whole.rows - chunk.rows,
        missing=whole.missing - chunk.missing,
        counts=tuple(np.subtract(whole.counts, chunk.counts).tolist()),
        points=_resampled(others) if others else whole.points,
    )


def distances_of(feature: FeatureReference) -> dict[str, Distance]:
    """By name the distances that are watched of a feature, the first one to be shown."""
    if feature.bins.kind == NUMBER:
        return {MOVE: move_distance(feature.scale), MIX: mix_distance}
    return {MIX: mix_distance}


def mix_distance(left: Sketch, right: Sketch) -> float:
    """Jensen-Shannon distance of the bins, freed of what chance gives on average."""
    return jensen_shannon(left.counts, right.counts, corrected=True)


def move_distance(scale: float) -> Distance:
    """Earth mover's distance of the numbers, in units of `scale`."""
    return lambda left, right: wasserstein(left.points, right.points) / scale
