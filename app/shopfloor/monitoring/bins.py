"""Bins of one feature: fitted on the reference, applied to whatever comes later."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from msgspec.structs import replace
from numpy.typing import NDArray

from shopfloor.artifacts.recast import recast
from shopfloor.artifacts.table import NO_TIME, Categorical, Timestamps, Values, infer_column, parse_column
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.domain.labels import label_of
from shopfloor.domain.numbers import exact, rounded, significant
from shopfloor.monitoring.levels import fit_levels, level_codes
from shopfloor.monitoring.records import Bins, FeatureReference, Sketch
from shopfloor.statistics.arrays import Codes, Floats, Mask
from shopfloor.statistics.frames import read_numbers
from shopfloor.statistics.predictions import Predictions

NUMBER, CLOCK = "number", "clock"
POINTS = 20

_NONE: Codes = np.empty(0, dtype=np.intp)
_INNER = 13
_SMALLEST = 0.02
_CODES = 50
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = 86_400_000_000
_HOURS = tuple(f"{hour:02}-{hour + 2:02} h" for hour in range(0, 24, 2))


@dataclass(frozen=True)
class Binned:
    """Rows of one feature: `codes` are bins, -1 is missing, and `factor` the levels; of a number only its `numbers`."""

    codes: Codes
    numbers: Floats | None = None
    factor: Categorical | None = None

    def sketch(self, bins: Bins, rows: Mask | slice = slice(None)) -> Sketch:
        """The chosen rows in a few numbers."""
        if self.numbers is not None:
            return _number_sketch(self.numbers[rows], bins)
        codes = self.codes[rows]
        counts = np.bincount(codes[codes >= 0], minlength=len(bins.labels))
        return Sketch(
            rows=len(codes),
            missing=int(len(codes) - counts.sum()),
            counts=tuple(counts.tolist()),
            top=self._commonest(rows),
            unseen=0 if bins.known is None else int(counts[-1]),
        )

    def _commonest(self, rows: Mask | slice) -> float:
        """The share of the commonest level among present rows."""
        codes = _NONE if self.factor is None else self.factor.codes[rows]
        counts = np.bincount(codes[codes >= 0]) if len(codes) else codes
        return round(int(counts.max()) / int(counts.sum()), 6) if counts.sum() else 0.0


def _number_sketch(numbers: Floats, bins: Bins) -> Sketch:
    # To sort them once is cheaper than to look for the bin of each.
    ordered = np.sort(numbers)
    ordered = ordered[: np.searchsorted(ordered, np.nan)]
    below = np.searchsorted(ordered, np.asarray(bins.edges), side="right")
    counts = np.diff(below, prepend=0, append=len(ordered))
    points, top = _profile(ordered)
    return Sketch(
        rows=len(numbers),
        missing=len(numbers) - len(ordered),
        counts=tuple(counts.tolist()),
        points=points,
        top=top,
        unseen=0 if bins.known is None else int((~np.isin(ordered, np.array(bins.known, dtype=np.float64))).sum()),
    )


def _profile(ordered: Floats) -> tuple[tuple[float, ...], float]:
    """Of values in order: evenly spaced quantiles, and the share of the commonest value."""
    if not len(ordered):
        return (), 0.0
    last = len(ordered) - 1
    places = np.clip((np.arange(POINTS) + 0.5) / POINTS * len(ordered) - 0.5, 0, last)
    below = places.astype(np.intp)
    points = ordered[below] + (places - below) * (ordered[np.minimum(below + 1, last)] - ordered[below])
    ends = np.flatnonzero(ordered[1:] != ordered[:-1])
    longest = int(np.diff(ends, prepend=-1, append=last).max())
    return tuple(significant(float(point), 7) for point in points), round(longest / len(ordered), 6)


def fit_bins(values: Values, kind: ColumnType | None, chunks: Codes | None = None) -> tuple[Bins, Binned]:
    """At most 20 bins for `values`, and in which of them each row would be if it came next.

    `chunks` numbers the reference's stretches of time, (rows,).
    """
    if isinstance(values, Categorical) or kind is ColumnType.BOOLEAN:
        factor = _levels_of(values)
        levels, codes = fit_levels(factor, chunks)
        return _sealed(levels), Binned(codes, factor=factor)
    bins = _clock_bins(values) if isinstance(values, Timestamps) else _number_bins(values[np.isfinite(values)])
    return bins, bin_values(values, bins)


def bin_values(values: Values, bins: Bins) -> Binned:
    """Rows of a feature in its bins. Values of another kind than the bins' are read as that kind
    where they can be, and are missing where they cannot."""
    if bins.kind == NUMBER:
        return Binned(_NONE, _numbers_of(values))
    if bins.kind == CLOCK:
        return Binned(_clock_codes(values, bins))
    factor = _levels_of(values)
    return Binned(level_codes(factor, bins), factor=factor)


def target_values(series: pd.Series[Any], task: Task) -> Values:
    """What is watched of the target: its class, or the number."""
    if not task.classification:
        numbers = read_numbers(series)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    codes, found = pd.factorize(series)
    labels = [label_of(value) or "" for value in found]
    return Categorical(codes.astype(np.intp), labels)


def watched_values(predictions: Predictions) -> Values:
    """What is watched of predictions: the number, the chance of the positive class, or the class."""
    if not predictions.task.classification:
        return np.asarray(predictions.predicted, dtype=np.float64)
    if predictions.task is Task.BINARY and predictions.probability is not None:
        return predictions.chance()
    return Categorical(np.maximum(predictions.predicted, -1), list(predictions.classes))


def sketch_values(values: Values | None, rows: int, feature: FeatureReference) -> Sketch:
    """A feature's column in the reference's bins; None counts as missing in each of the `rows`."""
    if values is None:
        return Sketch(rows=rows, missing=rows, counts=(0,) * len(feature.bins.labels))
    return bin_values(values, feature.bins).sketch(feature.bins)


def read_values(series: pd.Series[Any], feature: FeatureReference) -> Values | None:
    """The column as the reference's type where it can be read so, else as its own, which its values show.

    Of a column that became text since, cells that cannot be read as that type are missing. None where it cannot be
    read.
    """
    column = infer_column(series)
    if feature.type is not None and column.type is ColumnType.TEXT:
        return parse_column(recast(series, feature.type), replace(column, type=feature.type))
    for kind in dict.fromkeys([feature.type or column.type, column.type]):
        try:
            return parse_column(series, replace(column, type=kind))
        except DataError:
            continue
    return None


# Numbers


def _number_bins(values: Floats) -> Bins:
    if not len(values):
        return _sealed(Bins(kind=NUMBER, labels=("any",), known=()))
    distinct, counts = np.unique(values, return_counts=True)
    whole = bool(np.all(distinct == np.round(distinct)) and abs(distinct).max() < 1e15)
    inner = _inner_edges(distinct, counts, whole)
    low, high = float(distinct[0]), float(distinct[-1])
    span = (high - low) or max(abs(high), 1.0)
    # What lies outside the reference keeps a resolution, so that a step out there is seen too.
    below = (low - 2 * span, low - span / 2, float(np.nextafter(low, -np.inf)))
    above = (high, high + span / 2, high + 2 * span)
    edges = tuple(dict.fromkeys((*below, *inner, *above)))
    shown = tuple(low if edge == below[-1] else edge for edge in edges)
    few = len(distinct) == 1 or (whole and len(distinct) <= _CODES)
    codes = tuple(str(int(value)) if whole else repr(float(value)) for value in distinct) if few else None
    return _sealed(Bins(kind=NUMBER, labels=_number_labels(edges, shown, whole), edges=edges, known=codes))


def _inner_edges(distinct: Floats, counts: NDArray[np.int64], whole: bool) -> list[float]:
    """Edges between bins of about equal rows; a value with many rows gets a bin of its own."""
    edges: list[float] = []
    smallest = _SMALLEST * counts.sum()
    left, bins, held = float(counts.sum()), _INNER, 0.0
    for place in range(len(distinct) - 1):
        held += counts[place]
        target = max(left / bins, smallest)
        if held >= target or (held >= smallest and counts[place + 1] >= target):
            edges.append(_between(float(distinct[place]), float(distinct[place + 1]), whole))
            left, bins, held = left - held, max(bins - 1, 1), 0.0
            if len(edges) == _INNER - 1:
                break
    return edges


def _between(low: float, high: float, whole: bool) -> float:
    middle = high - 0.5 if whole and high - low < 2 else (low + high) / 2
    return middle if low <= middle < high else low


def _number_labels(edges: tuple[float, ...], shown: tuple[float, ...], whole: bool) -> tuple[str, ...]:
    if whole:
        inside = [_whole_label(low, high) for low, high in pairwise(edges)]
    else:
        inside = [f"{rounded(low, 4)} to {rounded(high, 4)}" for low, high in pairwise(shown)]
    return (f"≤ {rounded(shown[0], 4)}", *inside, f"> {rounded(shown[-1], 4)}")


def _whole_label(low: float, high: float) -> str:
    """The whole numbers above `low` and up to `high`."""
    first, last = np.floor(low) + 1, np.floor(high)
    return exact(first) if first >= last else f"{exact(first)} to {exact(last)}"


def _numbers_of(values: Values) -> Floats:
    if isinstance(values, Categorical):
        return values.spread(np.array([_float(level) for level in values.levels], dtype=np.float64), np.nan)
    if isinstance(values, Timestamps):
        return np.full(len(values.micros), np.nan)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


# Levels


def _levels_of(values: Values) -> Categorical:
    if isinstance(values, Categorical):
        return values
    if isinstance(values, Timestamps):
        return Categorical(np.full(len(values.micros), -1, dtype=np.intp), [])
    present = np.isfinite(values)
    distinct, inverse = np.unique(values[present], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.intp)
    codes[present] = inverse
    return Categorical(codes, [f"{value:.15g}" for value in distinct])


# Moments: time goes on, so only its rhythm can be compared


def _clock_bins(moments: Timestamps) -> Bins:
    present = moments.micros[moments.micros != NO_TIME]
    labels = _HOURS if bool((present % _DAY != 0).any()) else _WEEKDAYS
    return _sealed(Bins(kind=CLOCK, labels=labels, levels=labels))


def _clock_codes(values: Values, bins: Bins) -> Codes:
    if not isinstance(values, Timestamps):
        rows = len(values.codes) if isinstance(values, Categorical) else len(values)
        return np.full(rows, -1, dtype=np.intp)
    days, rest = np.divmod(values.micros, _DAY)
    codes = (days + 3) % 7 if bins.levels == _WEEKDAYS else rest // (_DAY // len(_HOURS))
    return np.where(values.micros == NO_TIME, -1, codes).astype(np.intp)


def _sealed(bins: Bins) -> Bins:
    """With a key that two equal sets of bins share."""
    content = repr((bins.kind, bins.edges, bins.levels, bins.pools, bins.strata, bins.known))
    key = f"{zlib.crc32(content.encode('utf-8', 'surrogatepass')):08x}"
    return replace(bins, key=key)
