"""What the train task is asked and answers; light, because the engine itself never imports pandas."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.record import Record
from shopfloor.domain.release import Decision
from shopfloor.domain.run import ArtifactRef
from shopfloor.training.records import TrainResult, TrainSpec


class Look(Record, frozen=True, kw_only=True):
    """The holdout rows, by time, of an earlier challenger that was tested against the champion.

    Without times (a split by hash) the rows are always the same ones.
    """

    start: datetime | None = None
    end: datetime | None = None

    def overlaps(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether rows from `start` to `end` were looked at then."""
        if self.start is None or self.end is None or start is None or end is None:
            return True
        return self.start <= end and start <= self.end


class TrainTask(Record, frozen=True, kw_only=True):
    """A training with the facts the gate needs. `staging` is where the artifact is staged."""

    train: TrainSpec
    key_path: str
    staging: str
    champion: ArtifactFile | None = None
    challenger_version: int
    looks: tuple[Look, ...] = ()
    now: datetime


class TrainOutcome(Record, frozen=True, kw_only=True):
    """What a training brings back: its report, the staged artifact, the gate's decision."""

    record: TrainResult
    artifact: ArtifactRef
    staged: str
    decision: Decision
    row_ms: float
    seconds: dict[str, float] = {}
