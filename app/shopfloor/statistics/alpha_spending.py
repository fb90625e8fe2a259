"""Error that is allowed over many tests together: each one spends a part of it."""

from __future__ import annotations

import math


def alpha_spending(alpha: float, earlier_tests: int) -> float:
    """The one-sided error this test may use, when `alpha` is allowed over all tests together.

    Test k = earlier_tests + 1 gets alpha * 6 / (pi^2 k^2): .61, .15, .068, .038 … of alpha. The
    shares sum to alpha over endlessly many tests, so by the union bound the chance of ever
    promoting a challenger that is no better is at most alpha, however the tests overlap, and
    without fixing their number beforehand.

    Method: alpha spending for a stream of tests (Foster & Stine 2008, "Alpha-investing", J. R.
    Statist. Soc. B 70:429; Tian & Ramdas 2021, "Online control of the familywise error rate",
    Stat. Methods Med. Res. 30:976), an open-ended relative of the spending functions of Lan &
    DeMets 1983 (Biometrika 70:659), which need the final sample size in advance.
    """
    test = max(0, earlier_tests) + 1
    return alpha * 6.0 / (math.pi * test) ** 2
