"""A rate that halves or doubles: a small distance where it is small, and it matters all the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shopfloor.monitoring.measurement import Finding
from shopfloor.monitoring.thresholds import prediction_limit
from shopfloor.statistics.distances import homogeneity

_RATIO = 1.6
_CERTAIN = 0.005
_HALF = 0.5  # of a row: what none of them stands for

Count = tuple[int, int]
"""How many of how many rows."""


def rate_change(measure: str, now: Count, before: Count, stretches: Sequence[Count]) -> Finding:
    """`now` against `before` by the natural logarithm of their ratio; both must be above 0.

    It has to change by more than the stretches of the reference did, and by more than chance gives in a single look.
    """
    (count, rows), (known, whole) = now, before
    share = known / whole
    usual = [abs(math.log(max(some, _HALF) / all / share)) for some, all in stretches if all * share >= _HALF]
    p_value = homogeneity((count, rows - count), (known, whole - known))
    return Finding(
        measure,
        abs(math.log(count / rows / share)),
        max(math.log(_RATIO), prediction_limit(usual)),
        practical=p_value <= _CERTAIN,
        is_break=True,
    )
