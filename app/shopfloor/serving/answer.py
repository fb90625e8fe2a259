"""From a request's rows to predictions and the lines of the log; plain functions, in any thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from shopfloor.artifacts.fitted import PREDICTION, SEGMENT
from shopfloor.lake.inference_log import LogRecord
from shopfloor.lake.inference_parts import PROBABILITY
from shopfloor.serving.inputs import frame_from_rows
from shopfloor.serving.model_cache import Loaded
from shopfloor.serving.protocols.protocol import Predicted, Prediction, PredictionProtocol
from shopfloor.serving.rows import InputRow
from shopfloor.serving.score import Model, needed_columns

_FRAME_ROWS = 64
"""From this many rows on one frame is faster than single rows."""


class Done(NamedTuple):
    """Finished predictions, and what is logged of them."""

    predicted: Predicted
    records: list[LogRecord]


def answer(
    body: bytes,
    protocol: PredictionProtocol,
    loaded: Loaded,
    max_rows: int,
    at: datetime,
    new_id: Callable[[], str],
    took: Callable[[], float] | None = None,
) -> tuple[bytes, list[LogRecord]]:
    """Check and predict the rows of `body`; `took` says how long the request has taken.

    Raises `Problem` or `RowError` for an unusable one.
    """
    done = predict(protocol.rows(body, max_rows), loaded, at, new_id, took)
    return protocol.answer(done.predicted), done.records


def predict(
    rows: list[Any],
    loaded: Loaded,
    at: datetime,
    new_id: Callable[[], str],
    took: Callable[[], float] | None = None,
) -> Done:
    """Check and predict rows; one without an association id gets a new one. Raises `RowError`."""
    checked = loaded.reader.read(rows)
    known = [row if row.id is not None else InputRow(new_id(), row.values) for row in checked.rows]
    deployment = loaded.deployment
    rule = loaded.rule
    answers = _records(loaded.model, [row.values for row in known])
    served = rule.decide_records(answers, [row.values for row in known])
    predictions = [_prediction(*each) for each in zip(known, answers, *served[:2], strict=True)]
    predicted = Predicted(deployment.model, deployment.version, predictions, checked.ignored, checked.absent)
    inputs = [column.name for column in loaded.model.columns]
    seconds = None if took is None else took()
    records = [
        LogRecord(
            association_id=prediction.association_id,
            at=at,
            model=deployment.model,
            model_version=deployment.version,
            segment=prediction.segment,
            prediction=prediction.prediction,
            model_prediction=None if one[PREDICTION] == prediction.prediction else one[PREDICTION],
            threshold=rule.applied,
            humility=prediction.humility,
            humility_action=action,
            seconds=seconds,
            probabilities=prediction.probabilities,
            inputs={name: row.values[name] for name in inputs},
        )
        for row, one, prediction, action in zip(known, answers, predictions, served.actions, strict=True)
    ]
    return Done(predicted, records)


def _prediction(row: InputRow, said: dict[str, Any], served: Any, humility: str | None) -> Prediction:
    width = len(PROBABILITY)
    chances = {name[width:]: value for name, value in said.items() if name.startswith(PROBABILITY)}
    return Prediction(row.id or "", said.get(SEGMENT), served, chances, humility)


def _records(model: Model, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(values) == 1:
        return [model.predict_row(values[0])]
    if len(values) < _FRAME_ROWS:
        return model.predict_rows(values)
    predicted = model.predict_frame(frame_from_rows(values, needed_columns(model)))
    names = list(predicted.columns)
    columns = [predicted[name].tolist() for name in names]
    return [dict(zip(names, record, strict=True)) for record in zip(*columns, strict=True)]
