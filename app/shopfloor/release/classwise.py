"""Metrics of predicted classes: functions of the confusion counts, with row influences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shopfloor.release.scored import FloatArray, Scored

# From shares of all rows, (3, classes): right answers, answers given, true rows; and from
# 1.0 for each class that occurs at all, (classes,).
Combine = Callable[[FloatArray, FloatArray], float]


def accuracy(scored: Scored) -> tuple[float, FloatArray]:
    """Share of right answers."""
    right = (scored.target_code == scored.answer_code).astype(np.float64)
    share = float(right.mean())
    return share, right - share


def balanced_accuracy(scored: Scored) -> tuple[float, FloatArray]:
    """Mean recall of the classes that occur."""
    return _from_counts(scored, _balanced)


def matthews(scored: Scored) -> tuple[float, FloatArray]:
    """Matthews correlation coefficient, 0 where it is not defined."""
    return _from_counts(scored, _matthews)


def averaged(family: str, average: str) -> Callable[[Scored], tuple[float, FloatArray]]:
    """`f1`, `precision`, `recall` or `jaccard`; `average` empty means the positive class."""
    rate = _RATES[family]

    def influence(scored: Scored) -> tuple[float, FloatArray]:
        def combine(shares: FloatArray, present: FloatArray) -> float:
            if average == "micro":
                return float(rate(shares.sum(axis=-1, keepdims=True))[0])
            rates = rate(shares)
            if average == "":
                return float(rates[scored.positive])
            weights = present if average == "macro" else shares[2]
            return float((rates * weights).sum() / weights.sum())

        return _from_counts(scored, combine)

    return influence


def _divide(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _f1(shares: FloatArray) -> FloatArray:
    return _divide(2 * shares[0], shares[1] + shares[2])


def _precision(shares: FloatArray) -> FloatArray:
    return _divide(shares[0], shares[1])


def _recall(shares: FloatArray) -> FloatArray:
    return _divide(shares[0], shares[2])


def _jaccard(shares: FloatArray) -> FloatArray:
    return _divide(shares[0], shares[1] + shares[2] - shares[0])


_RATES = {"f1": _f1, "precision": _precision, "recall": _recall, "jaccard": _jaccard}


def _balanced(shares: FloatArray, present: FloatArray) -> float:
    occurs = shares[2] > 0
    return float(_recall(shares)[occurs].mean())


def _matthews(shares: FloatArray, present: FloatArray) -> float:
    right, given, true = shares[0].sum(), shares[1], shares[2]
    whole = true.sum()
    spread = (whole**2 - (given**2).sum()) * (whole**2 - (true**2).sum())
    above = right * whole - (given * true).sum()
    return float(above / spread**0.5) if spread > 0 else 0.0


def _from_counts(scored: Scored, combine: Combine) -> tuple[float, FloatArray]:
    """Score and influences of a function of the class shares, by its numeric gradient.

    A row changes three shares at most, so its influence is the sum of three slopes less their
    mean. Classes that never occur take no part (their slope is not defined).
    """
    rows = len(scored)
    right = scored.target_code == scored.answer_code
    # Slot `classes` swallows answers of a class that the model was never taught.
    given = np.where(scored.answer_code < 0, scored.classes, scored.answer_code)
    sizes = scored.classes + 1
    shares = np.stack(
        [
            np.bincount(scored.target_code[right], minlength=sizes),
            np.bincount(given, minlength=sizes),
            np.bincount(scored.target_code, minlength=sizes),
        ]
    )[:, : scored.classes] / float(rows)
    present = ((shares[1] + shares[2]) > 0).astype(np.float64)
    score = combine(shares, present)
    slope = np.pad(_gradient(shares, present, combine), ((0, 0), (0, 1)))
    influence = slope[0, scored.target_code] * right + slope[1, given]
    influence += slope[2, scored.target_code]
    return score, influence - influence.mean()


def _gradient(shares: FloatArray, present: FloatArray, combine: Combine) -> FloatArray:
    """d combine / d shares, (3, classes), by central differences (the functions are rational)."""
    slope = np.zeros_like(shares)
    for kind in range(3):
        for label in np.flatnonzero(shares[kind] > 0):
            step = 1e-5 * shares[kind, label]
            up, down = shares.copy(), shares.copy()
            up[kind, label] += step
            down[kind, label] -= step
            rise = combine(up, present) - combine(down, present)
            slope[kind, label] = rise / (2 * step)
    return slope
