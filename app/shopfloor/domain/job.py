"""Jobs: persisted units of work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from shopfloor.domain.record import Record


class JobKind(StrEnum):
    """What a job does."""

    INTAKE = "intake"
    DERIVE = "derive"
    TRAIN = "train"
    SCORE = "score"
    ACTUALS = "actuals"
    MONITOR = "monitor"
    COLLECT = "collect"


class JobState(StrEnum):
    """A job's life. `cancelling` is a running job that was asked to end, `lost` one whose retries are used up."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def ended(self) -> bool:
        """True when nothing more will happen by itself."""
        return self not in {JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING}

    @property
    def held(self) -> bool:
        """True while a runner holds the job."""
        return self in {JobState.RUNNING, JobState.CANCELLING}


class CauseKind(StrEnum):
    """What can start a job, beside the files that it works on and a person."""

    DATASET_VERSION = "dataset_version"
    MODEL_VERSION = "model_version"
    ALERT = "alert"
    JOB = "job"


class JobCause(Record, frozen=True, kw_only=True):
    """One thing that started a job: a dataset's or a model's version by name and number, else a counted id."""

    kind: CauseKind
    name: str
    number: int = 0


class JobRecord(Record, frozen=True, kw_only=True):
    """One job. `progress` is a share from 0 to 1, `attempts` counts starts, not failures.

    `trigger` says in words what started it, `causes` name it for the lineage.
    """

    id: str
    kind: JobKind
    subject: str
    state: JobState = JobState.QUEUED
    priority: int = 0
    attempts: int = 0
    max_attempts: int = 3
    progress: float | None = None
    stage: str = ""
    trigger: str = ""
    causes: tuple[JobCause, ...] = ()
    payload: dict[str, Any] = {}
    result: dict[str, Any] | None = None
    unique_key: str | None = None
    epoch: int | None = None
    pid: int | None = None
    heartbeat_at: datetime | None = None
    not_before: datetime | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
