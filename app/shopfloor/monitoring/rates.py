"""Rates that rise, fall or vanish: small distances where they are small, and they matter all the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from shopfloor.monitoring.measurement import Finding
from shopfloor.monitoring.records import Sketch
from shopfloor.monitoring.thresholds import FEW_ROWS
from shopfloor.statistics.distances import homogeneity

_RATIO = 1.6
_CERTAIN = 0.001
_FEWEST = 3
_LEVEL = 0.995
_NEVER = 5e-5

Count = tuple[float, float]
"""How many of how many rows."""


def rate_change(measure: str, now: Count, before: Count, stretches: Sequence[Count]) -> Finding:
    """`now` against `before` by the natural logarithm of their ratio; both must be above 0.

    It has to change by more than the stretches of the past did, and by more than chance gives in a single look.
    """
    ratio = (now[0] / now[1]) / (before[0] / before[1])
    return Finding(
        measure,
        abs(math.log(ratio)),
        math.log(times_usual(stretches)),
        practical=differ(now, before),
        is_break=True,
    )


def differ(now: Count, before: Count) -> bool:
    """Whether two rates differ by more than chance gives in a single look."""
    (count, rows), (known, whole) = now, before
    return homogeneity((count, rows - count), (known, whole - known)) <= _CERTAIN


def times_usual(stretches: Sequence[Count]) -> float:
    """How many times as high as it is on average the rate of the next stretch may be; 1.6 at least."""
    few = len(stretches)
    if few < _FEWEST:
        return _RATIO
    reach = float(special.stdtrit(few - 1, _LEVEL)) * math.sqrt(1 + 1 / few)
    return max(_RATIO, math.exp(reach * _spread(stretches)))


def has_vanished(expected: float, stretches: Sequence[Count]) -> bool:
    """Whether none, where `expected` rows are, is more than chance brings once in 20,000 deliveries.

    A rate that wanders from one stretch to the next may well be near nothing in one: rows are taken as negative
    binomial, with the spread of the stretches. Of a steady rate ten expected rows are enough.
    """
    wander = _spread(stretches) ** 2 if len(stretches) >= _FEWEST else 0.0
    chance = math.exp(-expected) if wander * expected < 1e-9 else (1 + wander * expected) ** (-1 / wander)
    return chance <= _NEVER


def counted_in(chunks: Sequence[Sketch], place: int) -> list[Count]:
    """The rows of one bin in each stretch of a reference that has enough of them."""
    return [(chunk.counts[place], chunk.present) for chunk in chunks if chunk.present >= FEW_ROWS]


def _spread(stretches: Sequence[Count]) -> float:
    """The standard deviation of a rate from stretch to stretch as a share of it, freed of what chance adds.

    By moments, as of a beta-binomial.
    """
    counts, rows = np.array(stretches, dtype=np.float64).T
    share = counts.sum() / rows.sum()
    expected = rows * share
    if not share:
        return 0.0
    excess = ((counts - expected) ** 2 - expected * (1 - share)).sum() / (expected**2).sum()
    return math.sqrt(max(float(excess), 0.0))
