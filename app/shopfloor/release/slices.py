"""Losses by slice: a gain on average may hide a loss for one carrier, plant or age group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopfloor.domain import numbers
from shopfloor.domain.text import counted, safe
from shopfloor.release.records import SliceGain
from shopfloor.statistics.arrays import Codes
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.compare import compare
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import Predictions
from shopfloor.statistics.slices import blocks_of, enough_classes, slices_of, within_slices

if TYPE_CHECKING:
    import pandas as pd

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

    Slices are those of `slices_of`; columns in `skip` are left out, columns that are no feature are not
    (groups that a model must not see are the ones to protect). A slice is worse when it loses
    more than `margin`, in units of the metric on all rows, AND its one-sided p value is at most `alpha` after
    Benjamini & Hochberg 1995 (J. R. Statist. Soc. B 57:289) over all slices; overlapping slices are positively
    dependent, for which the procedure holds (Benjamini & Yekutieli 2001).
    """
    chosen = _sample(len(frame), seed)
    if chosen is not None:
        frame, blocks = frame.iloc[chosen], blocks.take(chosen)
        challenger, champion = challenger.take(chosen), champion.take(chosen)
    usable, scale = within_slices(metric, challenger)
    found: list[tuple[str, str, int, Comparison]] = []
    for column, level, index in slices_of(frame, skip):
        part, other = challenger.take(index), champion.take(index)
        near = blocks_of(blocks, index) if enough_classes(part) else None
        if near is None:
            continue
        result = compare(usable, part, other, near, alpha=alpha, seed=seed)
        if result.known:
            found.append((column, level, len(index), result.times(scale)))
    return _judge(found, margin, alpha)


def _sample(count: int, seed: int) -> Codes | None:
    if count <= MOST_ROWS:
        return None
    chosen = np.random.default_rng(seed).choice(count, MOST_ROWS, replace=False)
    return np.sort(chosen).astype(np.intp)


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


def describe(one: SliceGain) -> str:
    """`carrier = UA: -0.0210 [-0.0340, -0.0080] on 1,204 rows`."""
    name = f"{safe(one.column, 40)} = {safe(one.level, 40)}"
    gain = numbers.gain(one.gain)
    return f"{name}: {gain} {numbers.interval(one.interval)} on {counted(one.rows, 'row')}"
