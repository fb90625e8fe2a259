"""Area under the ROC curve and the placement values its variance is made of."""

from __future__ import annotations

import numpy as np

from shopfloor.release.scored import BoolArray, FloatArray


def midranks(values: FloatArray) -> FloatArray:
    """Ranks from 1; equal values share the mean of their ranks. O(n log n)."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + 1 + ends) / 2.0, ends - starts)
    return ranks


def placements(score: FloatArray, positive: BoolArray) -> tuple[float, FloatArray, FloatArray]:
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


def auc_influence(score: FloatArray, positive: BoolArray) -> tuple[float, FloatArray]:
    """AUC and each row's influence on it, (n,), with mean 0; NaN without rows of either class."""
    area, right, left = placements(score, positive)
    rows = len(score)
    influence = np.empty(rows)
    influence[positive] = (right - area) * (rows / max(1, len(right)))
    influence[~positive] = (left - area) * (rows / max(1, len(left)))
    return area, influence


def precision_influence(score: FloatArray, positive: BoolArray) -> tuple[float, FloatArray]:
    """Average precision and each row's influence on it, (n,), with mean 0.

    With row weights w, AP(w) = sum_i w_i y_i TP_i / N_i / sum_i w_i y_i over rows i, where TP_i
    and N_i are the weights of positives and of all rows scored at least as high as i; the
    influence is n dAP/dw at w = 1. Ties form one step, as in scikit-learn.
    """
    order = np.argsort(-score)
    ordered = score[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(score))
    step = np.repeat(np.arange(len(starts)), ends - starts)
    truth = positive[order].astype(np.float64)
    hits = np.add.reduceat(truth, starts)
    found, seen = np.cumsum(hits), ends.astype(np.float64)
    total = found[-1]
    area = float((hits * found / seen).sum() / total)
    gained = np.cumsum((hits / seen)[::-1])[::-1]
    lost = np.cumsum((hits * found / seen**2)[::-1])[::-1]
    slope = truth * ((found / seen)[step] - area + gained[step]) - lost[step]
    influence = np.empty(len(score))
    influence[order] = slope * (len(score) / total)
    return area, influence
