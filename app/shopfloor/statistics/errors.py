"""Metrics of numbers: errors of a regression."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

from shopfloor.statistics.arrays import Codes, Floats, np
from shopfloor.statistics.metric import NUMBERS, Constant, Measured, Metric, mean, undefined
from shopfloor.statistics.predictions import Predictions

Loss = Callable[[Floats, Floats], Floats]
"""From truth and predicted numbers, (n,), the error of each row."""


def _mean_of(loss: Loss) -> Callable[[Predictions], Measured]:
    return lambda predictions: mean(-loss(predictions.truth, predictions.predicted))


def _root_of(loss: Loss) -> Callable[[Predictions], Measured]:
    def measure(predictions: Predictions) -> Measured:
        values = loss(predictions.truth, predictions.predicted)
        middle = float(values.mean())
        root = float(np.sqrt(middle))
        steepness = 0.0 if root == 0 else -0.5 / root
        return Measured(-root, slope=lambda: (values - middle) * steepness)

    return measure


def _squared(truth: Floats, predicted: Floats) -> Floats:
    squares: Floats = (truth - predicted) ** 2
    return squares


def _absolute(truth: Floats, predicted: Floats) -> Floats:
    return np.abs(truth - predicted)


def _percentage(truth: Floats, predicted: Floats) -> Floats:
    shares: Floats = np.abs(truth - predicted) / np.maximum(np.abs(truth), sys.float_info.epsilon)
    return shares


def _squared_log(truth: Floats, predicted: Floats) -> Floats:
    # A number of -1 or less has no logarithm; its row becomes NaN and the score undefined.
    squares: Floats = (np.log1p(truth) - np.log1p(predicted)) ** 2
    return squares


def r2(predictions: Predictions) -> Measured:
    """Coefficient of determination."""
    return _explained(predictions, shift=0.0)


def explained_variance(predictions: Predictions) -> Measured:
    """`r2` of predictions without their mean error."""
    return _explained(predictions, shift=float((predictions.truth - predictions.predicted).mean()))


def _explained(predictions: Predictions, shift: float) -> Measured:
    """1 - mean squared error / variance, undefined where the target does not vary (scikit-learn says
    0 or 1 there, which promises something). Shifting by the mean error is stationary in the shift,
    so the influence is the same formula for both metrics.
    """
    truth = predictions.truth
    if len(truth) == 0 or truth.min() == truth.max():
        return undefined(len(truth))
    wrong = (truth - predictions.predicted - shift) ** 2
    spread = (truth - truth.mean()) ** 2
    ratio = float(wrong.mean() / spread.mean())
    return Measured(1.0 - ratio, slope=lambda: -(wrong - ratio * spread) / spread.mean())


def _median_error(predictions: Predictions) -> Measured:
    """A draw's median is found without sorting again: counts along one order."""
    errors = np.abs(predictions.truth - predictions.predicted)

    @cache
    def order() -> Codes:
        return np.argsort(errors)

    def resampled(index: Codes) -> float:
        seen = np.cumsum(np.bincount(index, minlength=len(errors))[order()])
        middle = [(len(index) - 1) // 2, len(index) // 2]
        return -float(errors[order()[np.searchsorted(seen, middle, side="right")]].mean())

    return Measured(-float(np.median(errors)), resampled=resampled)


def _max_error(predictions: Predictions) -> Measured:
    errors = np.abs(predictions.truth - predictions.predicted)
    return Measured(-float(errors.max()), resampled=lambda index: -float(errors[index].max()))


METRICS = (
    Metric("r2", "R²", NUMBERS, r2, reported=NUMBERS),
    Metric("explained_variance", "explained variance", NUMBERS, explained_variance),
    Metric(
        "neg_root_mean_squared_error",
        "root mean squared error",
        NUMBERS,
        _root_of(_squared),
        reported=NUMBERS,
        aliases=("rmse",),
    ),
    Metric("neg_mean_squared_error", "mean squared error", NUMBERS, _mean_of(_squared), aliases=("mse",)),
    Metric(
        "neg_mean_absolute_error",
        "mean absolute error",
        NUMBERS,
        _mean_of(_absolute),
        constant=Constant.MEDIAN,
        reported=NUMBERS,
        aliases=("mae",),
    ),
    Metric(
        "neg_mean_absolute_percentage_error",
        "mean percentage error",
        NUMBERS,
        _mean_of(_percentage),
        constant=Constant.MEDIAN,
        aliases=("mape",),
    ),
    Metric("neg_mean_squared_log_error", "mean squared log error", NUMBERS, _mean_of(_squared_log)),
    Metric("neg_root_mean_squared_log_error", "root mean squared log error", NUMBERS, _root_of(_squared_log)),
    Metric(
        "neg_median_absolute_error",
        "median absolute error",
        NUMBERS,
        _median_error,
        smooth=False,
        constant=Constant.MEDIAN,
    ),
    Metric("neg_max_error", "largest error", NUMBERS, _max_error, smooth=False, constant=Constant.MEDIAN),
)
