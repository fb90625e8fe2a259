"""Signs that a score is too good: a feature that holds the answer, a model that learned rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shopfloor.release.auc import midranks, placements
from shopfloor.release.scored import FloatArray, Scored, read_numbers

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


def best_single(frame: pd.DataFrame, scored: Scored, skip: frozenset[str]) -> tuple[str, float] | None:
    """The column that alone orders the target best, and how well, from 0.5 or 0 to 1.

    Classes: AUC of the column's value (one class against the rest, the best of the commonest
    classes), either direction. Numbers: absolute rank correlation. Columns of at most 50 text
    values are replaced by the mean target of each value; columns with more are ids, which cannot
    be judged on the rows they name.
    """
    step = max(1, len(frame) // _MOST_ROWS)
    rows = np.arange(0, len(frame), step, dtype=np.intp)
    frame, scored = frame.iloc[rows], scored.take(rows)
    truths = _truths(scored)
    best: tuple[str, float] | None = None
    for column in frame.columns:
        if str(column) in skip:
            continue
        for truth in truths:
            values = _values(frame[column], truth)
            if values is None:
                break
            power = _power(values, truth, classes=scored.task.classification)
            if best is None or power > best[1]:
                best = (str(column), power)
    return best


def _truths(scored: Scored) -> list[FloatArray]:
    if not scored.task.classification:
        return [scored.target]
    if scored.classes == 2:
        return [(scored.target_code == scored.positive).astype(np.float64)]
    common = np.argsort(-scored.class_rows())[:_MOST_CLASSES]
    return [(scored.target_code == code).astype(np.float64) for code in common]


def _values(column: pd.Series[Any], truth: FloatArray) -> FloatArray | None:
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
    means: FloatArray = np.bincount(codes, weights=truth) / np.bincount(codes)
    return means[codes]


def _power(values: FloatArray, truth: FloatArray, *, classes: bool) -> float:
    if classes:
        positive = truth > 0
        if not 0 < np.count_nonzero(positive) < len(positive):
            return 0.0
        area = placements(values, positive)[0]
        return max(area, 1.0 - area)
    left, right = midranks(values), midranks(truth)
    left, right = left - left.mean(), right - right.mean()
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return abs(float((left * right).sum())) / scale if scale > 0 else 0.0
