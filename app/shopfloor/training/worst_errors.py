"""Where the chosen model is right and wrong on the holdout: confusion of classes, residuals of numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shopfloor.domain.definition import Task
from shopfloor.domain.run import Confusion, Residuals

_MOST_CLASSES = 8
_BINS = 9
_TAIL = 0.01


def confusion(truth: pd.Series, predicted: pd.Series) -> Confusion | None:
    """Counts of (true class, predicted class), the classes in order; None for more than eight, which nobody reads."""
    (true, truths), (said, answers) = (pd.factorize(one, use_na_sentinel=False) for one in (truth, predicted))
    labels = sorted({*map(str, truths), *map(str, answers)})
    if not labels or len(labels) > _MOST_CLASSES:
        return None
    row, column = (np.array([labels.index(str(value)) for value in found]) for found in (truths, answers))
    shape = (len(labels), len(labels))
    counts = np.bincount(row[true] * len(labels) + column[said], minlength=len(labels) ** 2).reshape(shape)
    return Confusion(labels=tuple(labels), counts=tuple(map(tuple, counts.tolist())))


def residuals(truth: pd.Series, predicted: pd.Series) -> Residuals | None:
    """The distribution of truth minus prediction; the outermost bins hold the outermost hundredth on each side."""
    errors = truth.to_numpy(dtype=np.float64) - predicted.to_numpy(dtype=np.float64)
    errors = errors[np.isfinite(errors)]
    if not len(errors):
        return None
    low, high = (float(value) for value in np.quantile(errors, [_TAIL, 1 - _TAIL]))
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    counts, _ = np.histogram(np.clip(errors, low, high), bins=edges)
    return Residuals(
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        mean=float(np.mean(errors)),
        median_absolute=float(np.median(np.abs(errors))),
        p90_absolute=float(np.quantile(np.abs(errors), 0.9)),
    )


def worst_errors(task: Task, truth: pd.Series, predicted: pd.Series) -> tuple[Confusion | None, Residuals | None]:
    """The one of the two that fits the task."""
    if task is Task.REGRESSION:
        return None, residuals(truth, predicted)
    return confusion(truth, predicted), None
