"""Average precision: the area under the curve of precision over recall, by steps."""

from __future__ import annotations

from dataclasses import dataclass

from shopfloor.statistics.arrays import Codes, Floats, Mask, np


@dataclass(frozen=True, slots=True)
class _Steps:
    """Rows by falling score, equal scores as one step as in scikit-learn: `order` (n,), and by step
    the positives in it, those found so far and the rows seen so far."""

    order: Codes
    lengths: Codes
    hits: Floats
    found: Floats
    seen: Floats


def _steps(score: Floats, positive: Mask) -> _Steps:
    order = np.argsort(-score)
    ordered = score[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(score))
    hits = np.add.reduceat(positive[order].astype(np.float64), starts)
    return _Steps(order, ends - starts, hits, np.cumsum(hits), ends.astype(np.float64))


def average_precision(score: Floats, positive: Mask) -> float:
    """Average precision; NaN without rows of either class. `score` and `positive` are (n,)."""
    if not 0 < np.count_nonzero(positive) < len(positive):
        return float("nan")
    steps = _steps(score, positive)
    return float((steps.hits * steps.found / steps.seen).sum() / steps.found[-1])


def precision_influence(score: Floats, positive: Mask) -> Floats:
    """Each row's influence on average precision, (n,), with mean 0.

    With row weights w, AP(w) = sum_i w_i y_i TP_i / N_i / sum_i w_i y_i over rows i, where TP_i
    and N_i are the weights of positives and of all rows scored at least as high as i; the
    influence is n dAP/dw at w = 1.
    """
    steps = _steps(score, positive)
    total = steps.found[-1]
    area = float((steps.hits * steps.found / steps.seen).sum() / total)
    step = np.repeat(np.arange(len(steps.hits)), steps.lengths)
    truth = positive[steps.order].astype(np.float64)
    gained = np.cumsum((steps.hits / steps.seen)[::-1])[::-1]
    lost = np.cumsum((steps.hits * steps.found / steps.seen**2)[::-1])[::-1]
    slope = truth * ((steps.found / steps.seen)[step] - area + gained[step]) - lost[step]
    influence = np.empty(len(score))
    influence[steps.order] = slope * (len(score) / total)
    return influence
