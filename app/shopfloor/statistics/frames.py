"""Columns of a frame as the arrays that metrics and tests read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.domain.labels import label_of
from shopfloor.domain.numbers import count
from shopfloor.statistics.arrays import Array, Codes, Floats, Mask
from shopfloor.statistics.metrics import proper_losses
from shopfloor.statistics.predictions import FOREIGN, MISSING, Predictions, classification, regression

PREDICTION = "prediction"
PROBABILITY = "probability_"


def read_predictions(
    frame: pd.DataFrame,
    truth: pd.Series[Any] | None,
    *,
    task: Task,
    classes: Sequence[str] = (),
    positive: str | None = None,
) -> Predictions:
    """Prediction columns (`prediction`, `probability_<class>`) and, row by row, the truth (None: not known).

    Without `classes` these are the ones that have a probability column or occur. A class without a
    probability column counts as probability 0, as long as one class has one. Raises `DataError`
    when row counts differ or the prediction column is missing.
    """
    if truth is not None and len(frame) != len(truth):
        raise DataError(
            f"{count(len(frame))} predictions for {count(len(truth))} holdout rows.",
            hint="Score exactly the holdout rows, in their order.",
            code="prediction_rows",
        )
    if PREDICTION not in frame.columns:
        raise DataError("The predictions have no column 'prediction'.", code="prediction_column")
    if not task.classification:
        known = np.full(len(frame), np.nan) if truth is None else read_numbers(truth)
        return regression(known, read_numbers(frame[PREDICTION]))
    labels = tuple(classes) or _classes_of(frame, truth)
    return classification(
        np.full(len(frame), MISSING, dtype=np.intp) if truth is None else read_codes(truth, labels),
        read_codes(frame[PREDICTION], labels),
        _probabilities(frame, labels),
        classes=labels,
        positive=labels.index(positive) if positive in labels else None,
    )


def loss_columns(known: Predictions) -> dict[str, Array]:
    """The truth `actual`, `prediction` and `probability_<class>` of rows that a metric can read, and the `loss` of
    each: log loss of the true class or squared error, without probabilities 1 where the label is wrong; (n,) each."""
    if not known.task.classification:
        return {"actual": known.truth, PREDICTION: known.predicted, "loss": proper_losses(known)}
    labels = np.array([*known.classes, None], dtype=object)
    loss = (known.predicted != known.truth).astype(np.float64) if known.probability is None else proper_losses(known)
    chances = {} if known.probability is None else dict(zip(known.classes, known.probability.T, strict=True))
    return {
        "actual": labels[known.truth],
        PREDICTION: labels[known.predicted],
        **{f"{PROBABILITY}{label}": values for label, values in chances.items()},
        "loss": loss,
    }


def read_numbers(values: pd.Series[Any]) -> Floats:
    """A column as floats; what is no number becomes NaN."""
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def read_codes(values: pd.Series[Any], classes: Sequence[str]) -> Codes:
    """A column of labels as codes into `classes`, else `FOREIGN` or `MISSING`."""
    numbers, distinct = pd.factorize(values, use_na_sentinel=True)
    known: dict[str | None, int] = {name: code for code, name in enumerate(classes)}
    table = np.array([known.get(label_of(value), FOREIGN) for value in distinct] + [MISSING], dtype=np.intp)
    return table[numbers]


def _classes_of(frame: pd.DataFrame, truth: pd.Series[Any] | None) -> tuple[str, ...]:
    named = [str(name).removeprefix(PROBABILITY) for name in frame.columns if str(name).startswith(PROBABILITY)]
    columns = [frame[PREDICTION]] if truth is None else [frame[PREDICTION], truth]
    labels = {label_of(value) for column in columns for value in column.unique()}
    return tuple(dict.fromkeys([*named, *sorted(label for label in labels if label is not None)]))


def _probabilities(frame: pd.DataFrame, classes: Sequence[str]) -> Floats | None:
    names = [f"{PROBABILITY}{name}" for name in classes]
    if not any(name in frame.columns for name in names):
        return None
    table = np.zeros((len(frame), len(classes)))
    for column, name in enumerate(names):
        if name in frame.columns:
            table[:, column] = read_numbers(frame[name])
    return table


def moments(time: pd.Series[Any]) -> tuple[Codes, Mask] | None:
    """A time column as microseconds since 1970 (UTC) and a mask of the rows that have one.

    Naive times count as UTC. None when the column holds no times (for example plain numbers).
    """
    if pd.api.types.is_numeric_dtype(time.dtype):
        return None
    parsed = pd.to_datetime(time, utc=True, errors="coerce")
    known = parsed.notna().to_numpy(dtype=bool)
    if not known.any():
        return None
    stamps = parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
    return np.where(known, stamps, 0).astype(np.intp), known
