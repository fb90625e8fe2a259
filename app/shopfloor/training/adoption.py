"""Input and result of the adopt task; light to import."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.columns import Column
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.record import Record
from shopfloor.domain.run import ArtifactRef


class AdoptTask(Record, frozen=True, kw_only=True):
    """A model that this user's notebook wrote into staging, to be wrapped and signed."""

    path: str
    key_path: str
    staging: str
    run: str
    definition: ModelDefinition
    dataset_version: int | None = None
    task: Task
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    now: datetime


class Adopted(Record, frozen=True, kw_only=True):
    """The signed artifact."""

    artifact: ArtifactRef
    metric: str
