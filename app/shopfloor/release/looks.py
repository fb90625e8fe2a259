"""A holdout wears out: each look at the same rows spends a part of the error that is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from shopfloor.domain.release import Decision


def spend(alpha: float, prior_looks: int) -> float:
    """The one-sided error this look may use, when `alpha` is allowed over all looks together.

    Look k = prior_looks + 1 gets alpha * 6 / (pi^2 k^2): .61, .15, .068, .038 … of alpha. The
    shares sum to alpha over endlessly many looks, so by the union bound the chance of ever
    promoting a challenger that is no better is at most alpha, however the looks overlap, and
    without fixing their number beforehand.

    Method: alpha spending for a stream of tests (Foster & Stine 2008, "Alpha-investing", J. R.
    Statist. Soc. B 70:429; Tian & Ramdas 2021, "Online control of the familywise error rate",
    Stat. Methods Med. Res. 30:976), an open-ended relative of the spending functions of Lan &
    DeMets 1983 (Biometrika 70:659), which need the final sample size in advance.
    """
    look = max(0, prior_looks) + 1
    return alpha * 6.0 / (math.pi * look) ** 2


def count_looks(decisions: Iterable[Decision], champion: int | None) -> int:
    """How many of `decisions` tested a challenger against `champion`.

    A decision without an interval saw too few rows to test anything and spends nothing. Leave
    out decisions whose holdout rows do not overlap with the ones to come: those rows are fresh.
    """
    return sum(1 for one in decisions if one.champion == champion and one.interval is not None)
