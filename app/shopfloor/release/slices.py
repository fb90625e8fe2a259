"""Losses by slice: a gain on average may hide a loss for one carrier, plant or age group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from shopfloor.domain import numbers
from shopfloor.domain.numbers import exact
from shopfloor.domain.text import counted, safe
from shopfloor.release.records import SliceGain
from shopfloor.statistics import metrics
from shopfloor.statistics.arrays import Codes
from shopfloor.statistics.blocks import LEAST_BLOCKS, SEGMENT, Blocks, rows
from shopfloor.statistics.compare import compare
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 30
"""A column with more distinct values is no slicing column."""
TOP_LEVELS = 8
LEAST_ROWS = 50
LEAST_CLASS_ROWS = 10
MOST_COLUMNS = 40
MOST_ROWS = 50_000
"""Of a larger holdout a random sample is sliced: a loss that needs more rows to show is small."""


def worse_slices(
    frame: pd.DataFrame,
    challenger: Predictions,
    champion: Predictions,
    metric: Metric,
    blocks: Blocks,
    *,
    margin: float,
    alpha: float,
    skip: frozenset[str] = frozenset(),
    seed: int = 0,
) -> tuple[SliceGain, ...]:
    """The gain on each slice with enough rows, worst first.

    Slices are the `TOP_LEVELS` commonest values of each column of `frame` with at most
    `MOST_LEVELS` values; columns in `skip` are left out, columns that are no feature are not
    (groups that a model must not see are the ones to protect). A slice is worse when it loses
    more than `margin`, in units of the metric on all rows, AND its one-sided p value is at most `alpha` after
    Benjamini & Hochberg 1995 (J. R. Statist. Soc. B 57:289) over all slices; overlapping slices are positively
    dependent, for which the procedure holds (Benjamini & Yekutieli 2001).
    """
    chosen = _sample(len(frame), seed)
    if chosen is not None:
        frame, blocks = frame.iloc[chosen], blocks.take(chosen)
        challenger, champion = challenger.take(chosen), champion.take(chosen)
    usable, scale = _within_slices(metric, challenger)
    found: list[tuple[str, str, int, Comparison]] = []
    for column, level, index in _levels(frame, skip):
        part, other = challenger.take(index), champion.take(index)
        if not _enough(part):
            continue
        near = blocks.take(index)
        if near.count < LEAST_BLOCKS:
            if near.unit != SEGMENT:  # rows of a few days are no evidence, however many
                continue
            near = rows(len(index))  # of one segment: nothing tells how its rows belong together
        result = compare(usable, part, other, near, alpha=alpha, seed=seed)
        if result.known:
            found.append((column, level, len(index), result.times(scale)))
    return _judge(found, margin, alpha)


def _within_slices(metric: Metric, predictions: Predictions) -> tuple[Metric, float]:
    """What slices are compared by, and the factor to units of `metric` on all rows.

    A share of the variance (R²) is a share of that of all rows: a slice whose target hardly varies would make much of
    nothing. A rough metric (median, maximum) has no test fast enough for a hundred slices.
    """
    if metric.share_of_variance:
        return metrics.find("neg_mean_squared_error"), 1 / float(np.var(predictions.truth))
    return (metric if metric.smooth else metrics.find("neg_mean_absolute_error")), 1.0


def _sample(count: int, seed: int) -> Codes | None:
    if count <= MOST_ROWS:
        return None
    chosen = np.random.default_rng(seed).choice(count, MOST_ROWS, replace=False)
    return np.sort(chosen).astype(np.intp)


def _enough(part: Predictions) -> bool:
    if not part.task.classification:
        return True
    counts = part.class_rows()
    counts = counts[counts > 0]
    return len(counts) > 1 and int(counts.min()) >= LEAST_CLASS_ROWS


def _levels(frame: pd.DataFrame, skip: frozenset[str]) -> Iterator[tuple[str, str, Codes]]:
    """(column, level as text, row numbers) of each slice with at least `LEAST_ROWS` rows."""
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


def _judge(found: list[tuple[str, str, int, Comparison]], margin: float, alpha: float) -> tuple[SliceGain, ...]:
    adjusted = benjamini_hochberg([result.p_worse for *_, result in found])
    gains = [
        SliceGain(
            column=column,
            level=level,
            rows=count,
            gain=result.gain,
            interval=result.interval,
            p_value=p_value,
            worse=bool(result.gain < -margin and p_value <= alpha),
        )
        for (column, level, count, result), p_value in zip(found, adjusted, strict=True)
    ]
    return tuple(sorted(gains, key=lambda one: (not one.worse, one.gain)))


def _written(level: object) -> str:
    return exact(float(level)) if isinstance(level, float) else str(level)


def describe(one: SliceGain) -> str:
    """`carrier = UA: -0.0210 [-0.0340, -0.0080] on 1,204 rows`."""
    name = f"{safe(one.column, 40)} = {safe(one.level, 40)}"
    gain = numbers.gain(one.gain)
    return f"{name}: {gain} {numbers.interval(one.interval)} on {counted(one.rows, 'row')}"
