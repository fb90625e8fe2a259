"""Signs that a score is too good: a feature that holds the answer, a model that learned rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shopfloor.statistics.arrays import Floats
from shopfloor.statistics.auc import area, midranks
from shopfloor.statistics.frames import read_numbers
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

LEAK_LIMIT = 0.99
OVERFIT_LIMIT = 0.5
_MOST_LEVELS = 50
_MOST_ROWS = 20_000
_MOST_CLASSES = 5


def lost_share(train_score: float, score: float, dummy_score: float) -> float | None:
    """Share of the gain over the constant model on training rows that is gone on the holdout.

    0 = as good on new rows, 1 = no better than a constant. None when there was no gain.
    """
    gain = train_score - dummy_score
    return None if gain <= 0 else (train_score - score) / gain


def best_single_column(frame: pd.DataFrame, predictions: Predictions, skip: frozenset[str]) -> tuple[str, float] | None:
    """The column that alone orders the target best, and how well, from 0.5 or 0 to 1.

    Classes: AUC of the column's value (one class against the rest, the best of the commonest
    classes), either direction. Numbers: absolute rank correlation. Columns of at most 50 text
    values are replaced by the mean target of each value; columns with more are ids, which cannot
    be judged on the rows they name.
    """
    step = max(1, len(frame) // _MOST_ROWS)
    rows = np.arange(0, len(frame), step, dtype=np.intp)
    frame, predictions = frame.iloc[rows], predictions.take(rows)
    truths = _truths(predictions)
    best: tuple[str, float] | None = None
    for column in frame.columns:
        if str(column) in skip:
            continue
        for truth in truths:
            values = _values(frame[column], truth)
            if values is None:
                break
            power = _power(values, truth, classes=predictions.task.classification)
            if best is None or power > best[1]:
                best = (str(column), power)
    return best


def _truths(predictions: Predictions) -> list[Floats]:
    if not predictions.task.classification:
        return [predictions.truth]
    if len(predictions.classes) == 2:
        return [predictions.is_positive().astype(np.float64)]
    common = np.argsort(-predictions.class_rows())[:_MOST_CLASSES]
    return [(predictions.truth == code).astype(np.float64) for code in common]


def _values(column: pd.Series[Any], truth: Floats) -> Floats | None:
    import pandas as pd

    kind = column.dtype
    if pd.api.types.is_numeric_dtype(kind):
        numbers = read_numbers(column)
        return np.where(np.isfinite(numbers), numbers, np.finfo(np.float64).min)
    if pd.api.types.is_datetime64_any_dtype(kind):
        return None
    codes, levels = pd.factorize(column, use_na_sentinel=False)
    if not 2 <= len(levels) <= min(_MOST_LEVELS, len(column) // 10):
        return None
    means: Floats = np.bincount(codes, weights=truth) / np.bincount(codes)
    return means[codes]


def _power(values: Floats, truth: Floats, *, classes: bool) -> float:
    if classes:
        alone = area(values, truth > 0)
        return max(alone, 1.0 - alone) if alone == alone else 0.0
    left, right = midranks(values), midranks(truth)
    left, right = left - left.mean(), right - right.mean()
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return abs(float((left * right).sum())) / scale if scale > 0 else 0.0
