"""The definition of a model: what to learn, when to retrain, how to release and watch it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.record import Record


class Task(StrEnum):
    """What kind of target a model predicts."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def classification(self) -> bool:
        """True when the target is a class."""
        return self is not Task.REGRESSION


class Split(StrEnum):
    """How rows are divided into training and holdout."""

    AUTO = "auto"
    TIME = "time"
    HASH = "hash"


class ReleasePolicy(StrEnum):
    """Who moves the champion alias when the gate decides `promote`."""

    AUTO = "auto"
    APPROVAL = "approval"
    MANUAL = "manual"


class Training(Record, frozen=True, kw_only=True):
    """Candidates and how they are compared. `window_days` = 0 trains on all rows.

    `exclude_broken`: rows of a delivery whose verdict is *broken* are left out.
    """

    candidates: tuple[str, ...] = ("linear", "boosting")
    metric: str = ""
    split: Split = Split.AUTO
    holdout: float = 0.2
    window_days: int = 0
    budget_seconds: float = 0.0
    seed: int = 0
    min_rows: int = 40
    exclude_broken: bool = True


class Retrain(Record, frozen=True, kw_only=True):
    """What starts a retraining. The cooldown guards against loops."""

    on_data: bool = True
    on_alert: bool = True
    min_new_rows: int = 1
    cooldown_minutes: float = 60.0


class Release(Record, frozen=True, kw_only=True):
    """The gate's limits.

    `min_gain` is in units of the metric, `margin` the loss that a refresh may cost under
    non-inferiority, `alpha` the one-sided error of the paired test, `min_rows` the holdout
    size below which the gate is inconclusive. `refresh_days` > 0 allows a non-inferior
    challenger to replace a champion trained on data older than that many days.
    """

    policy: ReleasePolicy = ReleasePolicy.AUTO
    min_gain: float = 0.002
    margin: float = 0.005
    alpha: float = 0.05
    min_rows: int = 200
    approvals: int = 1
    refresh_days: int = 0


class Monitoring(Record, frozen=True, kw_only=True):
    """What is watched. `persistence` is M of the last N checks, as (M, N)."""

    drift: bool = True
    performance: bool = True
    false_discovery_rate: float = 0.05
    min_rows: int = 100
    min_effect: float = 0.1
    persistence: tuple[int, int] = (2, 3)


class Value(Record, frozen=True, kw_only=True):
    """The business value of predictions, in `unit` per row.

    For a binary target the gains of the four outcomes; for regression the cost of one unit of
    absolute error (a gain below zero is a cost).
    """

    unit: str = ""
    true_positive: float = 0.0
    false_positive: float = 0.0
    true_negative: float = 0.0
    false_negative: float = 0.0
    per_absolute_error: float = 0.0
    threshold: float = 0.5


class ModelDefinition(Record, frozen=True, kw_only=True):
    """One model file (`models/NAME.toml`).

    `time` is the column that orders rows, `id` the association id that joins predictions with
    actuals, `segment_by` the key of a model family, `exclude` columns that are never features. `known_before` are
    features that somebody vouches for: known before the outcome, though one alone nearly tells it.
    """

    name: str
    dataset: str
    target: str
    task: Task | None = None
    time: str | None = None
    id: str | None = None
    positive: str | None = None
    segment_by: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    known_before: tuple[str, ...] = ()
    training: Training = Training()
    retrain: Retrain = Retrain()
    release: Release = Release()
    monitoring: Monitoring = Monitoring()
    value: Value | None = None
    retired: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """The columns with a part of their own: target, id, time and the keys of segments."""
        return frozenset(name for name in (self.target, self.id, self.time, *self.segment_by) if name)

    def spelled(self, names: ColumnNames) -> ModelDefinition:
        """The definition with the dataset's own spelling of the columns that it names."""
        return msgspec.structs.replace(
            self,
            target=names.spelled(self.target),
            time=None if self.time is None else names.spelled(self.time),
            id=None if self.id is None else names.spelled(self.id),
            segment_by=tuple(map(names.spelled, self.segment_by)),
            exclude=tuple(map(names.spelled, self.exclude)),
            features=tuple(map(names.spelled, self.features)),
            known_before=tuple(map(names.spelled, self.known_before)),
        )
