"""What the training job's task is asked and answers."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.record import Record
from shopfloor.domain.release import Decision
from shopfloor.domain.run import ArtifactRef
from shopfloor.release.earlier_tests import EarlierTest
from shopfloor.training.records import TrainResult, TrainSpec


class TrainTask(Record, frozen=True, kw_only=True):
    """A training with the facts the gate needs. `staging` is where the artifact is staged."""

    train: TrainSpec
    key_path: str
    staging: str
    champion: ArtifactFile | None = None
    earlier_tests: tuple[EarlierTest, ...] = ()
    now: datetime


class TrainOutcome(Record, frozen=True, kw_only=True):
    """What a training brings back: its report, the staged artifact, the gate's decision."""

    record: TrainResult
    artifact: ArtifactRef
    staged: str
    decision: Decision
