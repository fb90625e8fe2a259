"""What the tasks about predictions and their truth are asked and answer; light to import."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.handles import PartFile
from shopfloor.domain.record import Record
from shopfloor.domain.wire import WireError
from shopfloor.monitoring.records import WatchResult, WatchSpec
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


class LookTask(Record, frozen=True, kw_only=True):
    """One look at a model; truth that the delivery brings along is kept as a part in `staging`.

    `arrived_at` is when that delivery came; None when there is none.
    """

    look: WatchSpec
    staging: str
    arrived_at: datetime | None = None


class LookOutcome(Record, frozen=True, kw_only=True):
    """What was seen, and the truths of known predictions that the delivery brought along."""

    seen: WatchResult
    truth: PartFile | None = None


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
