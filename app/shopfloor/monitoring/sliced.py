"""How a model does on slices of rows, with errors by blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.row_times import known_row_times
from shopfloor.artifacts.table import NO_TIME
from shopfloor.monitoring.records import SlicedReference, SliceReference
from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.constant import constant
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import from_influence
from shopfloor.statistics.predictions import Predictions
from shopfloor.statistics.slices import blocks_of, enough_classes, slices_of, within_slices

if TYPE_CHECKING:
    import pandas as pd


def sliced(
    frame: pd.DataFrame, predictions: Predictions, metric: Metric, micros: NDArray[np.int64] | None
) -> SlicedReference | None:
    """The slices of `frame` that say anything; row for row it is what `predictions` are of, `micros` their times."""
    known = predictions.labelled() & predictions.sound()
    rows = predictions.take(known)
    if not len(rows):
        return None
    usable, _ = within_slices(metric, rows)
    score, least = usable.score(rows), usable.score(constant(usable, rows))
    if score is None or least is None:
        return None
    found = tuple(slice_scores(frame[known], rows, usable, None if micros is None else micros[known]))
    return SlicedReference(metric=usable.name, score=score, skill=abs(score - least), slices=found)


def slice_scores(
    frame: pd.DataFrame, known: Predictions, metric: Metric, micros: NDArray[np.int64] | None
) -> Iterator[SliceReference]:
    """Each slice with its score: rows, classes and blocks are enough to judge it."""
    blocks = row_blocks(micros, len(frame))
    for column, level, index in slices_of(frame, frozenset()):
        part = known.take(index)
        near = blocks_of(blocks, index) if enough_classes(part) else None
        if near is None or metric.score(part) is None:
            continue
        measured = metric.measure(part)
        influence = measured.influence()
        if influence is None:
            continue
        found = from_influence(measured.score, influence, near, 0.05, "")
        if found.known:
            yield SliceReference(
                column=column, level=level, rows=len(index), score=found.gain, error=found.error, units=found.units
            )


def row_micros(frame: pd.DataFrame, time: str | None) -> NDArray[np.int64] | None:
    """The rows' times in microseconds since 1970; None without any."""
    times = known_row_times(frame[time]) if time is not None and time in frame else None
    return None if times is None else times.to_numpy(dtype="datetime64[us]").astype(np.int64)


def row_blocks(micros: NDArray[np.int64] | None, count: int) -> grouping.Blocks:
    """Days, or hours, of the rows; without times, or where some have none, rows are independent."""
    timed = micros is not None and not bool((micros == NO_TIME).any())
    return grouping.choose(np.asarray(micros, dtype=np.intp) if timed else None, None, count)
