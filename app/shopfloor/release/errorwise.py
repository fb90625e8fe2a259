"""Metrics of numbers: errors of a regression, with row influences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shopfloor.release.scored import FloatArray, IntArray, Scored

Draws = Callable[[IntArray], float]
"""The score of the rows at an index, (draws,), in which rows may repeat."""
Influence = Callable[[Scored], tuple[float, FloatArray]]


def _mean_of(loss: Callable[[FloatArray, FloatArray], FloatArray]) -> Influence:
    def influence(scored: Scored) -> tuple[float, FloatArray]:
        values = -loss(scored.target, scored.answer)
        mean = float(values.mean())
        return mean, values - mean

    return influence


def _root_of(loss: Callable[[FloatArray, FloatArray], FloatArray]) -> Influence:
    def influence(scored: Scored) -> tuple[float, FloatArray]:
        values = loss(scored.target, scored.answer)
        mean = float(values.mean())
        root = float(np.sqrt(mean))
        slope = 0.0 if root == 0 else -0.5 / root
        return -root, (values - mean) * slope

    return influence


def _squared(target: FloatArray, answer: FloatArray) -> FloatArray:
    return (target - answer) ** 2


def _absolute(target: FloatArray, answer: FloatArray) -> FloatArray:
    return np.abs(target - answer)


def _percentage(target: FloatArray, answer: FloatArray) -> FloatArray:
    return np.abs(target - answer) / np.maximum(np.abs(target), np.finfo(np.float64).eps)


def _squared_log(target: FloatArray, answer: FloatArray) -> FloatArray:
    # A negative answer has no logarithm; its row becomes NaN and the gate says so.
    return (np.log1p(target) - np.log1p(answer)) ** 2


def r2(scored: Scored) -> tuple[float, FloatArray]:
    """Coefficient of determination; NaN where the target does not vary."""
    return _explained(scored, shift=0.0)


def explained_variance(scored: Scored) -> tuple[float, FloatArray]:
    """`r2` of predictions without their mean error."""
    return _explained(scored, shift=float((scored.target - scored.answer).mean()))


def _explained(scored: Scored, shift: float) -> tuple[float, FloatArray]:
    """1 - mean squared error / variance. Shifting by the mean error is stationary in the shift,
    so the influence is the same formula for both metrics.
    """
    wrong = (scored.target - scored.answer - shift) ** 2
    spread = (scored.target - scored.target.mean()) ** 2
    if spread.mean() == 0:
        return float("nan"), np.full(len(scored), np.nan)
    ratio = float(wrong.mean() / spread.mean())
    return 1.0 - ratio, -(wrong - ratio * spread) / spread.mean()


def _median_error(scored: Scored) -> Draws:
    """The median error of any draw of rows, without sorting it anew: counts along one order."""
    errors = np.abs(scored.target - scored.answer)
    order = np.argsort(errors)
    ordered = errors[order]

    def draw(index: IntArray) -> float:
        seen = np.cumsum(np.bincount(index, minlength=len(errors))[order])
        middle = [(len(index) - 1) // 2, len(index) // 2]
        return -float(ordered[np.searchsorted(seen, middle, side="right")].mean())

    return draw


def _max_error(scored: Scored) -> Draws:
    errors = np.abs(scored.target - scored.answer)
    return lambda index: -float(errors[index].max())


METRICS: tuple[tuple[str, str, Influence], ...] = (
    ("r2", "R²", r2),
    ("explained_variance", "explained variance", explained_variance),
    ("neg_mean_absolute_error", "mean absolute error", _mean_of(_absolute)),
    ("neg_mean_squared_error", "mean squared error", _mean_of(_squared)),
    ("neg_root_mean_squared_error", "root mean squared error", _root_of(_squared)),
    ("neg_mean_absolute_percentage_error", "mean percentage error", _mean_of(_percentage)),
    ("neg_mean_squared_log_error", "mean squared log error", _mean_of(_squared_log)),
    ("neg_root_mean_squared_log_error", "root mean squared log error", _root_of(_squared_log)),
)
ROUGH: tuple[tuple[str, str, Callable[[Scored], Draws]], ...] = (
    ("neg_median_absolute_error", "median absolute error", _median_error),
    ("neg_max_error", "largest error", _max_error),
)
"""Metrics without a smooth dependence on the rows: only a bootstrap can judge them."""
