"""Slices of rows by the values of their columns, and when they say anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from shopfloor.domain.numbers import exact
from shopfloor.statistics import metrics
from shopfloor.statistics.arrays import Codes
from shopfloor.statistics.blocks import LEAST_BLOCKS, SEGMENT, Blocks, rows
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 30
"""A column with more distinct values is no slicing column."""
TOP_LEVELS = 8
LEAST_ROWS = 50
LEAST_CLASS_ROWS = 10
MOST_COLUMNS = 40


def within_slices(metric: Metric, predictions: Predictions) -> tuple[Metric, float]:
    """What slices are compared by, and the factor to units of `metric` on all rows.

    A share of the variance (R²) is a share of that of all rows: a slice whose target hardly varies would make much of
    nothing. A rough metric (median, maximum) has no test fast enough for a hundred slices.
    """
    if metric.share_of_variance:
        return metrics.find("neg_mean_squared_error"), 1 / float(np.var(predictions.truth))
    return (metric if metric.smooth else metrics.find("neg_mean_absolute_error")), 1.0


def enough_classes(part: Predictions) -> bool:
    """Whether a metric of classes says anything: two classes at least, and enough rows of each."""
    if not part.task.classification:
        return True
    counts = part.class_rows()
    counts = counts[counts > 0]
    return len(counts) > 1 and int(counts.min()) >= LEAST_CLASS_ROWS


def blocks_of(blocks: Blocks, index: Codes) -> Blocks | None:
    """The blocks of a slice; None where they are too few: rows of a few days are no evidence, however many."""
    near = blocks.take(index)
    if near.count >= LEAST_BLOCKS:
        return near
    # Of one segment: nothing tells how its rows belong together.
    return rows(len(index)) if near.unit == SEGMENT else None


def slices_of(frame: pd.DataFrame, skip: frozenset[str]) -> Iterator[tuple[str, str, Codes]]:
    """(column, level as text, row numbers) of each slice with at least `LEAST_ROWS` rows.

    They are the `TOP_LEVELS` commonest values of each column with at most `MOST_LEVELS`; columns in `skip` are left
    out.
    """
    import pandas as pd

    taken = 0
    for column in frame.columns:
        if str(column) in skip or taken == MOST_COLUMNS:
            continue
        # A cheap look at the first rows spares the full pass over continuous columns.
        if frame[column].head(500).nunique() > MOST_LEVELS:
            continue
        codes, levels = pd.factorize(frame[column])
        if not 2 <= len(levels) <= MOST_LEVELS:
            continue
        taken += 1
        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(len(levels) + 1))
        for code in np.argsort(-counts, kind="stable")[:TOP_LEVELS]:
            if counts[code] >= LEAST_ROWS:
                index = order[ends[code] : ends[code + 1]]
                yield str(column), _written(levels[code]), index.astype(np.intp)


def _written(level: object) -> str:
    return exact(float(level)) if isinstance(level, float) else str(level)
