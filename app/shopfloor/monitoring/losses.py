"""What champion and challenger said of a delivery's labelled rows, row by row, so that any two versions can be
paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.recast import predict_recast
from shopfloor.artifacts.rowkeys import row_keys
from shopfloor.artifacts.table import parse
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.handles import ArtifactFile, LossPart, PartFile
from shopfloor.lake.frame import read_parts
from shopfloor.lake.losses import write_losses
from shopfloor.monitoring.check_context import KnownOutcomes
from shopfloor.monitoring.records import CheckSpec
from shopfloor.statistics.arrays import Codes
from shopfloor.statistics.frames import loss_columns, moments, read_predictions
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

    from shopfloor.monitoring.tasks import CheckTask


def delivered_losses(task: CheckTask, labelled: KnownOutcomes) -> tuple[LossPart, ...]:
    """Parts in the task's staging: of the version that was checked, and of the challenger where it can answer."""
    if task.dataset_version is None or labelled.places is None or not len(labelled):
        return ()
    spec = task.checks
    Path(task.staging).mkdir(mode=0o700, exist_ok=True)
    frame = read_parts(spec.data, spec.columns, rows=labelled.places)
    delivery = np.full(len(frame), task.dataset_version, dtype=np.intp)
    parts = [
        (version, write_rows(said, frame, delivery, spec.columns, spec.definition, Path(task.staging)))
        for version, said in _sides(spec, task.challenger, labelled, frame)
    ]
    return tuple(LossPart(version=version, part=part) for version, part in parts if part is not None)


def write_rows(
    said: Predictions,
    frame: pd.DataFrame,
    delivery: Codes,
    columns: Sequence[Column],
    definition: ModelDefinition,
    staging: Path,
) -> PartFile | None:
    """A part of the rows of `frame` that a metric can read; `frame` has all `columns` of the dataset, `delivery`
    numbers the dataset version that brought a row, (n,)."""
    usable = said.labelled() & said.sound()
    others = [column for column in columns if column.name not in {definition.target, definition.id}]
    keys, _ = row_keys(frame, parse(frame, others), definition.id)
    times = moments(frame[definition.time]) if definition.time in frame else None
    known = said.take(usable)
    at = None if times is None else times[0][usable]
    return write_losses(keys[usable], at, delivery[usable], loss_columns(known), staging)


def _sides(
    spec: CheckSpec, challenger: ArtifactFile | None, labelled: KnownOutcomes, frame: pd.DataFrame
) -> Iterator[tuple[int, Predictions]]:
    """Each version and what it said of the rows."""
    yield spec.model_version, labelled.predictions
    if challenger is None:
        return
    model = bundle.load(challenger, load_or_create_key(Path(spec.key_path)))
    try:
        answers = predict_recast(model, frame)
    except Exception:  # noqa: BLE001 - it may be the team's own code; the challenger's losses are no duty of a check
        return
    truth = frame[spec.definition.target]
    yield (
        challenger.version,
        read_predictions(answers, truth, task=spec.task, classes=spec.classes, positive=spec.positive),
    )
