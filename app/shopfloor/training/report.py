"""The report of a training, put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from shopfloor.artifacts import rowkeys
from shopfloor.artifacts.table import NO_TIME
from shopfloor.training.environment import environment
from shopfloor.training.family import FamilyFit
from shopfloor.training.prepared import Prepared
from shopfloor.training.records import FeatureImportance, TrainResult, TrainSpec
from shopfloor.training.scoring import Scored
from shopfloor.training.split import Rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def result(
    spec: TrainSpec,
    prepared: Prepared,
    *,
    metric: str,
    scored: Sequence[Scored],
    best: Scored,
    params: dict[str, Any],
    family: FamilyFit | None,
    features: tuple[FeatureImportance, ...],
    notes: tuple[str, ...],
    seconds: dict[str, float],
) -> TrainResult:
    """The record of a run. With segments the chosen score is that of the whole family."""
    chosen = best.record if family is None else family.record
    training = spec.definition.training
    parted = prepared.parted
    _, trained_until = _span(prepared, parted.rows, spec.definition.time)
    holdout_from, holdout_to = _span(prepared, parted.judged, spec.definition.time)
    return TrainResult(
        task=prepared.target.task,
        metric=metric,
        positive=prepared.target.positive,
        classes=tuple(prepared.target.classes),
        params={
            "candidate": best.record.name,
            **params,
            "split": parted.used.value,
            "holdout": training.holdout,
            "window_days": training.window_days,
        },
        metrics=chosen.metrics,
        candidates=tuple(one.record for one in scored) + (() if family is None else (family.record,)),
        segments=() if family is None else family.segments,
        chosen=chosen.name,
        features=features,
        train_rows=len(parted.rows),
        holdout_rows=len(parted.judged),
        blocks=len(parted.blocks),
        trained_until=trained_until,
        holdout_from=holdout_from,
        holdout_to=holdout_to,
        holdout_digest=rowkeys.digest(parted.keys[parted.judged]),
        split=parted.used,
        environment=environment(),
        notes=(*prepared.notes, *notes, *(() if family is None else family.notes)),
        seconds={name: round(value, 4) for name, value in seconds.items()},
    )


def _span(prepared: Prepared, rows: Rows, time: str | None) -> tuple[datetime | None, datetime | None]:
    """The first and last moment of `rows` by the time column."""
    if not time:
        return None, None
    micros = prepared.moments[rows]
    present = micros[micros != NO_TIME]
    if not len(present):
        return None, None
    return _moment(np.min(present)), _moment(np.max(present))


def _moment(micros: np.int64) -> datetime:
    return _EPOCH + timedelta(microseconds=int(micros))
