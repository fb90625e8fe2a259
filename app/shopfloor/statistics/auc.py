"""Area under the ROC curve and the placement values its variance is made of."""

from __future__ import annotations

from shopfloor.statistics.arrays import Floats, Mask, np


def midranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks. O(n log n)."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + 1 + ends) / 2.0, ends - starts)
    return ranks


def area(score: Floats, positive: Mask) -> float:
    """AUC: the chance that a positive outranks a negative (Mann & Whitney 1947), ties half; NaN
    without rows of either class. One sort, where the placements need three."""
    count = int(np.count_nonzero(positive))
    other = len(positive) - count
    if not count or not other:
        return float("nan")
    return float((midranks(score)[positive].sum() - count * (count + 1) / 2.0) / (count * other))


def placements(score: Floats, positive: Mask) -> tuple[float, Floats, Floats]:
    """AUC, and for each positive (negative) row the share of negatives (positives) it is right of.

    `score` and `positive` are (n,). Returns (AUC, V10 of the positives, V01 of the negatives);
    ties count one half; all NaN when a class has no rows. The midrank form of Sun & Xu 2014
    ("Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21:1389) needs
    three sorts instead of n^2 pairs.
    """
    above, below = score[positive], score[~positive]
    if len(above) == 0 or len(below) == 0:
        return float("nan"), np.full(len(above), np.nan), np.full(len(below), np.nan)
    ranks = midranks(score)
    right = (ranks[positive] - midranks(above)) / len(below)
    left = 1.0 - (ranks[~positive] - midranks(below)) / len(above)
    return float(right.mean()), right, left


def auc_influence(score: Floats, positive: Mask) -> Floats:
    """Each row's influence on the AUC, (n,), with mean 0; NaN without rows of either class."""
    whole, right, left = placements(score, positive)
    rows = len(score)
    influence = np.empty(rows)
    influence[positive] = (right - whole) * (rows / max(1, len(right)))
    influence[~positive] = (left - whole) * (rows / max(1, len(left)))
    return influence
