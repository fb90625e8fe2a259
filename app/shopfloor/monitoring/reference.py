"""The reference of a model version: the distributions of its training and holdout rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME, Timestamps, Values, parse_column
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.monitoring.bins import NUMBER, fit_bins, target_values, watched_values
from shopfloor.monitoring.calendar_columns import follows_time
from shopfloor.monitoring.chunks import Chunked, chunk_rows
from shopfloor.monitoring.estimate import estimated_score
from shopfloor.monitoring.joint import describe_joint
from shopfloor.monitoring.loss_model import fit_losses
from shopfloor.monitoring.records import FeatureReference, Outcomes, PerformanceReference, Reference, SlicedReference
from shopfloor.monitoring.sliced import sliced
from shopfloor.monitoring.thresholds import FEW_ROWS, away, distances_of, prediction_limit
from shopfloor.statistics import metrics
from shopfloor.statistics.calibration import recalibration
from shopfloor.statistics.constant import constant
from shopfloor.statistics.frames import read_predictions
from shopfloor.statistics.jackknife import estimate
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

_CHANCE_BINS = 200
_DELIVERIES = 24
_STRETCH = 200
_STRETCHES = 6


@dataclass(frozen=True)
class Holdout:
    """Rows the model was judged on and never saw: `predictions` with the columns `prediction` and
    `probability_<class>`, `truth` the actual class or number, `time` where rows have one, `frame` their features."""

    predictions: pd.DataFrame
    truth: pd.Series[Any]
    time: pd.Series[Any] | None = None
    frame: pd.DataFrame | None = None


def build_reference(
    frame: pd.DataFrame,
    features: Sequence[Column],
    *,
    others: Sequence[Column] = (),
    model: str,
    task: Task,
    metric: str,
    classes: Sequence[str] = (),
    positive: str | None = None,
    target: str | None = None,
    unlabelled: Sequence[tuple[int, int]] = (),
    time: pd.Series[Any] | None = None,
    importances: Mapping[str, float] | None = None,
    holdout: Holdout | None = None,
    seed: int = 0,
    created_at: datetime,
) -> Reference:
    """Describe the rows of `frame` feature by feature, in whole and by stretches of time.

    `others` are columns of the dataset that are no features: what the model cannot see may break all the same.
    `frame` should hold all rows known at training time, the holdout included: the newest rows
    are what the next delivery is compared with; so is the column `target`. `unlabelled` counts rows without a label, of
    how many, by delivery, oldest first. `time` (rows,) orders the frame.
    `importances` may have any unit. The distributions of predictions and the score come from `holdout` alone,
    because a model answers too surely on rows that it has learned. Raises `DataError` for values of the wrong type.
    """
    micros = _micros(time)
    chunked = chunk_rows(len(frame), micros, seed)
    shares = _shares(importances, [column.name for column in features])
    described = [
        describe(column.name, column.type, parse_column(frame[column.name], column), chunked, shares.get(column.name))
        for column in features
        if column.name in frame.columns
    ]
    follow_time, unused = _unlearned(frame, others, micros, chunked)
    reference = Reference(
        model=model,
        task=task,
        rows=len(frame),
        features=(*described, *unused),
        follow_time=follow_time,
        joint=describe_joint(frame, described, chunked),
        target=_target(frame, target, task, chunked),
        unlabelled=tuple(unlabelled[-_DELIVERIES:]),
        chunked_by=chunked.by,
        chunks=chunked.chunks,
        classes=tuple(classes),
        positive=positive,
        created_at=created_at,
    )
    return reference if holdout is None or not len(holdout.truth) else _with_holdout(reference, holdout, metric, seed)


def _unlearned(
    frame: pd.DataFrame, others: Sequence[Column], micros: NDArray[np.int64] | None, chunked: Chunked
) -> tuple[tuple[str, ...], list[FeatureReference]]:
    """Of the columns that are no features, those that follow time, and the others described."""
    follow_time, found = [], []
    for column in others:
        values = parse_column(frame[column.name], column)
        if follows_time(values, micros):
            follow_time.append(column.name)
        else:
            found.append(_unused(describe(column.name, column.type, values, chunked, None)))
    return tuple(follow_time), found


def _unused(column: FeatureReference) -> FeatureReference:
    """What no model could learn, because it never changed, may matter or not; the rest does not."""
    return replace(column, used=False, importance=None if column.constant else 0.0)


def _target(frame: pd.DataFrame, target: str | None, task: Task, chunked: Chunked) -> FeatureReference | None:
    if target is None:
        return None
    kind = ColumnType.TEXT if task.classification else ColumnType.NUMBER
    return describe(target, kind, target_values(frame[target], task), chunked, None)


def describe(
    name: str, kind: ColumnType | None, values: Values, chunked: Chunked, importance: float | None
) -> FeatureReference:
    """One feature: its bins, all rows, every chunk."""
    bins, binned = fit_bins(values, kind, chunked.codes)
    chunks = tuple(binned.sketch(bins, chunked.codes == place) for place in range(len(chunked.chunks)))
    whole = binned.sketch(bins)
    scale = _scale(binned.numbers) if bins.kind == NUMBER and binned.numbers is not None else 1.0
    feature = FeatureReference(
        name=name, type=kind, bins=bins, scale=scale, whole=whole, chunks=chunks, importance=importance
    )
    filled = [chunk for chunk in chunks if chunk.present >= FEW_ROWS]
    apart = {measure: tuple(away(filled, whole, distance)) for measure, distance in distances_of(feature).items()}
    return replace(feature, apart=apart, reach={measure: prediction_limit(found) for measure, found in apart.items()})


def _with_holdout(reference: Reference, holdout: Holdout, metric: str, seed: int) -> Reference:
    predictions = read_predictions(
        holdout.predictions,
        holdout.truth,
        task=reference.task,
        classes=reference.classes,
        positive=reference.positive,
    )
    micros = _micros(holdout.time)
    chunked = chunk_rows(len(holdout.truth), micros, seed)
    ordered = predictions if micros is None else predictions.take(np.argsort(micros, kind="stable"))
    described = replace(
        reference,
        classes=predictions.classes,
        prediction=describe("", None, watched_values(predictions), chunked, None),
        prediction_chunks=chunked.chunks,
        prediction_chunked_by=chunked.by,
        performance=_performance(ordered.known(), metrics.find(metric)),
        outcomes=_outcomes(predictions.known()),
        sliced=_sliced(reference, holdout, predictions, metrics.find(metric), micros),
        calibration=None if predictions.probability is None else recalibration(ordered.known()),
    )
    return _with_estimate(described, predictions, holdout.frame)


def _sliced(
    reference: Reference, holdout: Holdout, predictions: Predictions, metric: Metric, micros: NDArray[np.int64] | None
) -> SlicedReference | None:
    """By the columns that are compared, the model's and others."""
    if holdout.frame is None:
        return None
    names = [feature.name for feature in reference.features if feature.name in holdout.frame]
    return sliced(holdout.frame[names], predictions, metric, micros)


def _with_estimate(reference: Reference, predictions: Predictions, frame: pd.DataFrame | None) -> Reference:
    """With what estimates of later rows need, and what they would say of the holdout itself."""
    rows = predictions.labelled() & predictions.sound()
    known, inputs = predictions.take(rows), None if frame is None else frame[rows]
    if not known.task.classification and inputs is not None and reference.prediction is not None:
        losses = fit_losses(inputs, reference.features, reference.prediction, known)
        reference = replace(reference, losses=losses)
    found = estimated_score(reference, known, inputs)
    if found is None or reference.performance is None:
        return reference
    return replace(reference, performance=replace(reference.performance, estimated=found.score))


def _performance(predictions: Predictions, metric: Metric) -> PerformanceReference | None:
    found = estimate(metric, predictions)
    if found is None:
        return None
    return PerformanceReference(
        metric=metric.name,
        score=found.score,
        error=found.error,
        rows=len(predictions),
        constant=metric.score(constant(metric, predictions)),
        chunks=stretch_scores(metric, predictions),
    )


def stretch_scores(metric: Metric, predictions: Predictions) -> tuple[float, ...]:
    """The metric of up to six stretches of at least 200 rows, in order; empty when there are fewer
    than three."""
    number = min(_STRETCHES, len(predictions) // _STRETCH)
    if number < 3:
        return ()
    found = [metric.score(predictions.take(rows)) for rows in np.array_split(np.arange(len(predictions)), number)]
    return tuple(value for value in found if value is not None)


def _outcomes(predictions: Predictions) -> Outcomes | None:
    if not len(predictions):
        return None
    if not predictions.task.classification:
        return Outcomes(
            rows=len(predictions),
            absolute_error=float(np.abs(predictions.predicted - predictions.truth).mean()),
            mean=float(predictions.truth.mean()),
        )
    commonest = predictions.classes[int(predictions.class_rows().argmax())] if predictions.classes else None
    if predictions.task is not Task.BINARY:
        return Outcomes(rows=len(predictions), commonest=commonest)
    certain = (predictions.predicted == predictions.positive).astype(np.float64)
    chance = certain if predictions.probability is None else predictions.chance()
    places = np.clip((chance * _CHANCE_BINS).astype(np.intp), 0, _CHANCE_BINS - 1)
    true = predictions.is_positive()
    return Outcomes(
        rows=len(predictions),
        positives=tuple(np.bincount(places[true], minlength=_CHANCE_BINS).tolist()),
        negatives=tuple(np.bincount(places[~true], minlength=_CHANCE_BINS).tolist()),
        commonest=commonest,
    )


def _scale(numbers: NDArray[np.float64]) -> float:
    """A robust standard deviation; the plain one where half of the rows share a value."""
    present = numbers[np.isfinite(numbers)]
    if not len(present):
        return 1.0
    low, high = np.quantile(present, [0.25, 0.75])
    scale = float(high - low) / 1.349 or float(present.std())
    return scale if scale > 0 else max(abs(float(present[0])), 1.0)


def _shares(importances: Mapping[str, float] | None, names: Sequence[str]) -> dict[str, float]:
    """Importances as shares of their sum; what is below zero is noise and counts as zero."""
    if not importances:
        return {}
    positive = {name: max(float(importances.get(name, 0.0)), 0.0) for name in names}
    total = sum(positive.values())
    return {name: round(value / total, 6) for name, value in positive.items()} if total > 0 else {}


def _micros(time: pd.Series[Any] | None) -> NDArray[np.int64] | None:
    if time is None:
        return None
    values = parse_column(time, Column(name="time" if time.name is None else str(time.name), type=ColumnType.TIMESTAMP))
    assert isinstance(values, Timestamps)
    return None if bool((values.micros == NO_TIME).all()) else values.micros
