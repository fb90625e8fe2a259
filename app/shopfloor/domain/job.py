"""Jobs: persisted units of work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from shopfloor.domain.record import Record


class JobKind(StrEnum):
    """What a job does."""

    INTAKE = "intake"
    TRAIN = "train"
    SCORE = "score"
    ACTUALS = "actuals"
    MONITOR = "monitor"
    COLLECT = "collect"


class JobState(StrEnum):
    """A job's life. `cancelling` is a running job that was told to end, `lost` one whose retries are used up."""

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


class JobRecord(Record, frozen=True, kw_only=True):
    """One job. `progress` is a share from 0 to 1, `attempts` counts starts, not failures."""

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
