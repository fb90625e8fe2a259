"""Wrap and sign a model that a notebook of this user fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np

from shopfloor.artifacts import bundle
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest, FeatureField
from shopfloor.artifacts.recorded import Recorded
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.training.adoption import Adopted, AdoptTask

_DEFAULT_METRIC = {
    Task.BINARY: "roc_auc",
    Task.MULTICLASS: "neg_log_loss",
    Task.REGRESSION: "neg_root_mean_squared_error",
}


def adopt(task: AdoptTask) -> Adopted:
    """The signed artifact of the estimator in `task.path`.

    The file came over the engine's own socket from a process of the same user, which could run any
    code here anyway; nothing that was dropped into a folder ever gets this far.
    """
    estimator = joblib.load(task.path)
    names = list(task.features) or [str(name) for name in getattr(estimator, "feature_names_in_", ())]
    if not names:
        raise DataError(
            "The model does not know its input columns.", hint="Pass features=[…] to log_model.", code="no_features"
        )
    classes = _classes(task, estimator)
    model = FittedModel(
        name=task.definition.name,
        task=task.task,
        classes=classes,
        features=_fields(task, names),
        encoder=None,
        estimator=Recorded(estimator, len(classes)) if classes else estimator,
    )
    metric = task.definition.training.metric or _DEFAULT_METRIC[task.task]
    manifest = ArtifactManifest(
        model=task.definition.name,
        run=task.run,
        dataset=task.definition.dataset,
        dataset_version=task.dataset_version,
        task=task.task,
        metric=metric,
        target=task.definition.target,
        positive=task.definition.positive,
        classes=tuple(model.classes),
        features=tuple(model.features),
        id=task.definition.id,
        time=task.definition.time,
        created_at=task.now,
    )
    artifact = bundle.stage(model, manifest, Path(task.staging), load_or_create_key(Path(task.key_path)))
    return Adopted(artifact=artifact, metric=metric)


def _classes(task: AdoptTask, estimator: Any) -> list[str]:
    if task.task is Task.REGRESSION:
        return []
    return list(task.classes) or [str(label) for label in np.asarray(estimator.classes_).tolist()]


def _fields(task: AdoptTask, names: list[str]) -> list[FeatureField]:
    known = {column.name: column for column in task.columns}
    columns = (known.get(name, Column(name=name, type=ColumnType.NUMBER)) for name in names)
    return [FeatureField(name=each.name, kind="raw", type=each.type, format=each.format) for each in columns]
