"""Tests without end, one after another: at which level each may find something."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SCALE = 0.07720838  # so that the shares of all tests add up to 1


def level(test: int, discoveries: Sequence[int], rate: float) -> float:
    """The level of the `test`-th test (from 1), after `discoveries` (their numbers, ascending).

    LORD++ (Ramdas, Yang, Wainwright & Jordan 2017): the share of false ones among all discoveries is at most `rate` on
    average, at any time, for p-values that are valid given the earlier ones. Half of `rate` is there at the start; each
    discovery pays for later tests.
    """
    start = rate / 2
    earned = start * _share(test)
    for number, found in enumerate(discoveries):
        earned += (rate - start if number == 0 else rate) * _share(test - found)
    return earned


def _share(after: int) -> float:
    """What of its error a test gets that comes so many tests after it was earned."""
    logarithm = math.log(max(after, 2))
    return _SCALE * logarithm / (after * math.exp(math.sqrt(logarithm)))
