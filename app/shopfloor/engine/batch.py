"""What the tasks about delivered scoring and actuals files are asked and answer; light to import."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.record import Record
from shopfloor.domain.wire import WireError
from shopfloor.serving.records import ActualsResult, ActualsSpec, ScoreResult, ScoreSpec


class ScoreTask(Record, frozen=True, kw_only=True):
    """Files to score, each with the id of its ledger row (empty for a file named by a person)."""

    files: tuple[tuple[str, ScoreSpec], ...]


class ScoreOutcome(Record, frozen=True, kw_only=True):
    """What became of one file: a result or an error."""

    file: str
    result: ScoreResult | None = None
    error: WireError | None = None


class ActualsTask(Record, frozen=True, kw_only=True):
    """Files of ground truth, each with the id of its ledger row."""

    files: tuple[tuple[str, ActualsSpec], ...]


class ActualsOutcome(Record, frozen=True, kw_only=True):
    """What became of one file: a result or an error."""

    file: str
    result: ActualsResult | None = None
    error: WireError | None = None


class CollectTask(Record, frozen=True, kw_only=True):
    """Segments of the serving process's log and how far each was taken in."""

    segments: tuple[tuple[str, int], ...]
    staging: str
    manifests: dict[str, str]
    key_path: str


class CollectedPart(Record, frozen=True, kw_only=True):
    """A part of one model version's predictions out of a segment."""

    model: str
    model_version: int
    path: str
    sha256: str
    rows: int
    segment: str
    first_at: datetime
    last_at: datetime


class CollectOutcome(Record, frozen=True, kw_only=True):
    """What was collected: parts, and the new offset of every segment."""

    parts: tuple[CollectedPart, ...]
    offsets: dict[str, int]
    damaged: int = 0
    emptied: tuple[str, ...] = ()
