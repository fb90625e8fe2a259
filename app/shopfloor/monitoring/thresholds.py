"""How much the data moves by itself: limits from the reference's own chunks and past deliveries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

from shopfloor.monitoring.bins import NUMBER
from shopfloor.monitoring.records import FeatureReference, Sketch
from shopfloor.statistics.arrays import Mask
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
    present = sum(sketch.present for sketch in sketches)
    return Sketch(
        rows=sum(sketch.rows for sketch in sketches),
        missing=sum(sketch.missing for sketch in sketches),
        counts=tuple(np.sum([sketch.counts for sketch in sketches], axis=0).tolist()),
        points=_Points(sketches).resampled(),
        top=sum(sketch.top * sketch.present for sketch in sketches) / present if present else 0.0,
        unseen=sum(sketch.unseen for sketch in sketches),
    )


class _Points:
    """The points of some sketches in order, each for as many rows as it stands for; `owners` are their sketches."""

    def __init__(self, sketches: Sequence[Sketch]) -> None:
        lengths = [len(sketch.points) for sketch in sketches]
        self._number = max(lengths, default=0)
        values = np.array([point for sketch in sketches for point in sketch.points])
        each = [sketch.present / length if length else 0.0 for sketch, length in zip(sketches, lengths, strict=True)]
        order = np.argsort(values, kind="stable")
        self._values = values[order]
        self._weights = np.repeat(each, lengths)[order]
        self.owners = np.repeat(np.arange(len(sketches)), lengths)[order]

    def resampled(self, rows: Mask | slice = slice(None)) -> tuple[float, ...]:
        """Evenly spaced quantiles of all rows that the chosen points stand for; none without a point."""
        values, weights = self._values[rows], self._weights[rows]
        if not len(values):
            return ()
        ends = np.cumsum(weights)
        wanted = (np.arange(self._number) + 0.5) / self._number * ends[-1]
        return tuple(np.interp(wanted, ends - weights / 2, values).tolist())


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
    for sketch, points in zip(sketches, _points_without(sketches), strict=True):
        rest = Sketch(
            rows=whole.rows - sketch.rows,
            missing=whole.missing - sketch.missing,
            counts=tuple(np.subtract(whole.counts, sketch.counts).tolist()),
            points=points or whole.points,
        )
        if sketch.present and rest.present:
            found.append(distance(sketch, rest))
    return found


def _points_without(sketches: Sequence[Sketch]) -> list[tuple[float, ...]]:
    """For each chunk the points of the others, of which all are put in order only once."""
    held = _Points(sketches)
    return [held.resampled(held.owners != place) for place in range(len(sketches))]


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
