"""Specification and result of the training job's task."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.dataset import FreshRows
from shopfloor.domain.handles import ArtifactFile, LossPart
from shopfloor.domain.record import Record
from shopfloor.domain.release import Decision
from shopfloor.domain.run import ArtifactRef
from shopfloor.training.records import TrainResult, TrainSpec


class TrainTask(Record, frozen=True, kw_only=True):
    """A training with the facts the gate needs. `staging` is where the artifact is staged.

    `deliveries` says of each part, by its sha256, which dataset version brought it, `arrived` when each version did;
    where deliveries replace rows, and so write old ones again, `fresh` says what was new in each. `earlier_tests` are
    the versions at which this champion was challenged before. `value_source` is the code of the function that gives the
    value.
    """

    train: TrainSpec
    key_path: str
    staging: str
    champion: ArtifactFile | None = None
    deliveries: dict[str, int] = {}
    arrived: dict[int, datetime] = {}
    fresh: tuple[FreshRows, ...] = ()
    earlier_tests: tuple[int, ...] = ()
    value_source: str = ""
    now: datetime


class TrainOutcome(Record, frozen=True, kw_only=True):
    """What a training brings back: its report, the staged artifact, the gate's decision, and what the new version
    said of the holdout."""

    record: TrainResult
    artifact: ArtifactRef
    staged: str
    decision: Decision
    losses: tuple[LossPart, ...] = ()
