"""From a request's body to its answer and the lines of the log; plain functions, in any thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shopfloor.artifacts.fitted import PREDICTION, SEGMENT
from shopfloor.lake.inference_log import LogRecord
from shopfloor.lake.inference_parts import PROBABILITY
from shopfloor.serving.body import rows_of
from shopfloor.serving.inputs import frame_from_rows
from shopfloor.serving.rows import Row
from shopfloor.serving.score import Model, needed_columns
from shopfloor.serving.shelf import Loaded

_FRAME_ROWS = 64
"""From this many rows on one frame is faster than single rows."""


class Prediction(msgspec.Struct, frozen=True):
    """One prediction of an answer."""

    association_id: str
    segment: str | None
    prediction: str | float | None
    probabilities: dict[str, float | None]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a prediction request."""

    model: str
    model_version: int
    predictions: list[Prediction]
    ignored_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()


class Done(NamedTuple):
    """A finished prediction: the answer and what is logged of it."""

    body: bytes
    records: list[LogRecord]


def answer(body: bytes, loaded: Loaded, max_rows: int, at: datetime, new_id: Callable[[], str]) -> Done:
    """Check and predict the rows of `body`. Raises `Problem` or `RowError` for an unusable one."""
    checked = loaded.reader.read(rows_of(body, max_rows))
    rows = [row if row.id is not None else Row(new_id(), row.values) for row in checked.rows]
    predictions = _predictions(loaded.model, rows)
    deployment = loaded.deployment
    document = Answer(deployment.model, deployment.version, predictions, checked.ignored, checked.absent)
    inputs = [column.name for column in loaded.model.columns]
    records = [
        LogRecord(
            association_id=prediction.association_id,
            at=at,
            model=deployment.model,
            model_version=deployment.version,
            segment=prediction.segment,
            prediction=prediction.prediction,
            probabilities=prediction.probabilities,
            inputs={name: row.values[name] for name in inputs},
        )
        for row, prediction in zip(rows, predictions, strict=True)
    ]
    return Done(msgspec.json.encode(document), records)


def _predictions(model: Model, rows: list[Row]) -> list[Prediction]:
    width = len(PROBABILITY)
    return [
        Prediction(
            row.id or "",
            record.pop(SEGMENT, None),
            record.pop(PREDICTION),
            {name[width:]: value for name, value in record.items()},
        )
        for row, record in zip(rows, _records(model, [row.values for row in rows]), strict=True)
    ]


def _records(model: Model, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(values) == 1:
        return [model.predict_row(values[0])]
    if len(values) < _FRAME_ROWS:
        return model.predict_rows(values)
    predicted = model.predict_frame(frame_from_rows(values, needed_columns(model)))
    names = list(predicted.columns)
    columns = [predicted[name].tolist() for name in names]
    return [dict(zip(names, record, strict=True)) for record in zip(*columns, strict=True)]
