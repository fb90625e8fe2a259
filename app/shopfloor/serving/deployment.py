"""Deployments: which version of a model serves now. Written by the engine, read by serving."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Humility
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.names import check_name, is_name
from shopfloor.domain.record import Record
from shopfloor.workspace.durable import fsync_directory, read_regular, replace_file

_LIMIT = 1 << 20


class Deployment(Record, frozen=True, kw_only=True):
    """One model in service.

    `id` names the column of the association id and `time` the column that orders rows, as in the
    model's definition; `missing` are the words that its dataset's contract declares to stand for no value, `decimal`
    is the decimal mark that it declares, `labels` the association id and the segment's keys where it pins a type for
    them. `threshold` is what the probability of the positive class is compared with (None: the most probable class is
    served), `humility` says which rows it is not trusted on. `artifact.path` may be relative to the workspace.
    """

    model: str
    version: int
    artifact: ArtifactFile
    id: str | None = None
    time: str | None = None
    missing: tuple[str, ...] = ()
    decimal: str = ""
    labels: tuple[Column, ...] = ()
    threshold: float | None = None
    humility: Humility | None = None
    updated_at: datetime


def deployment_path(directory: Path, model: str) -> Path:
    """Where the deployment of `model` lies; raises `UsageError` for a name that is no name."""
    return directory / f"{check_name(model, 'Model')}.json"


def write_deployment(directory: Path, deployment: Deployment) -> Path:
    """Put a deployment in place, atomically and durably; serving notices within 200 ms."""
    path = deployment_path(directory, deployment.model)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, to_json(deployment))
    return path


def remove_deployment(directory: Path, model: str) -> bool:
    """Take a model out of service; True when it was in service."""
    path = deployment_path(directory, model)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    fsync_directory(directory)
    return True


def read_deployment(directory: Path, model: str) -> Deployment | None:
    """The deployment of `model`, or None. Raises `IntegrityError` for a file that is none."""
    data = read_regular(deployment_path(directory, model), _LIMIT)
    if data is None:
        return None
    try:
        deployment = from_json(data, Deployment)
    except msgspec.DecodeError as error:
        raise _damaged(model, str(error)) from error
    if deployment.model != model:
        raise _damaged(model, f"it names {deployment.model!r}")
    return deployment


def deployed_models(directory: Path) -> tuple[str, ...]:
    """Names of the models in service, sorted; the files are not opened."""
    try:
        names = [path.name for path in directory.iterdir() if path.suffix == ".json"]
    except FileNotFoundError:
        return ()
    models = (name.removesuffix(".json") for name in names)
    return tuple(sorted(model for model in models if is_name(model)))


def _damaged(model: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"The deployment file of {model!r} cannot be used: {why}.",
        hint="Promote the model again, or run `shopfloor doctor`.",
        code="deployment_damaged",
    )
