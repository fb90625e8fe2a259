"""The definition of a model: what to learn, when to retrain, how to release and watch it."""

from __future__ import annotations

from datetime import datetime
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


class RetrainAction(StrEnum):
    """What a trigger does: train and let the release policy decide, train for a person to promote, or ask to train."""

    RELEASE = "release"
    TRAIN = "train"
    ASK = "ask"


class Retrain(Record, frozen=True, kw_only=True):
    """What starts a training by itself, and what must hold then.

    Triggers: new rows, corrected rows, alerts (of drift, of performance), a `schedule` as cron writes it, by the clocks
    of the `timezone`, and a champion whose data is older than `stale_days`. Conditions: `min_new_rows` for new and
    corrected rows, `min_labelled_rows` and `weekly_hours` of training (0: any) for all, and for alerts and staleness
    the cool-down and at most `loop_guard` trainings in a row that bring no new champion (0: any).
    """

    on_data: bool = True
    on_correction: bool = True
    on_alert: bool = True
    on_drift: bool = True
    on_performance: bool = True
    schedule: str = ""
    timezone: str = "UTC"
    stale_days: float = 0.0
    min_new_rows: int = 1
    min_labelled_rows: int = 0
    cooldown_minutes: float = 60.0
    weekly_hours: float = 0.0
    loop_guard: int = 3
    action: RetrainAction = RetrainAction.RELEASE


class Release(Record, frozen=True, kw_only=True):
    """The gate's limits.

    `min_gain` and `margin`, the loss that a slice or a refresh may cost, are in units of the metric; without them .002
    and .005 of a score, 1 % of the champion's error where the metric is an error of numbers. `alpha` the one-sided
    error of the paired test, `min_rows` the holdout size below which the gate is inconclusive. `refresh_days` > 0
    allows a non-inferior challenger to replace a champion trained on data older than that many days.
    """

    policy: ReleasePolicy = ReleasePolicy.AUTO
    min_gain: float | None = None
    margin: float | None = None
    alpha: float = 0.05
    min_rows: int = 200
    approvals: int = 1
    refresh_days: int = 0


class Monitoring(Record, frozen=True, kw_only=True):
    """What is watched. `persistence` is M of the last N checks, as (M, N); `fairness` are columns whose groups must be
    served alike, features or not.
    """

    drift: bool = True
    performance: bool = True
    false_discovery_rate: float = 0.05
    min_rows: int = 100
    min_effect: float = 0.1
    persistence: tuple[int, int] = (2, 3)
    fairness: tuple[str, ...] = ()


Figure = float | str
"""An amount, or the name of an input whose value is the amount."""


class Value(Record, frozen=True, kw_only=True):
    """The business value of predictions, in `unit` per row.

    For a binary target the gains of the four outcomes; for regression the cost of one unit of
    absolute error (a gain below zero is a cost). An amount may be the name of an input, or of a column that comes with
    the actuals. Instead, `function` (`recipes/FILE.py:NAME`) may give the values of a frame with the inputs,
    `prediction` and `actual`. `rule` is SQL over the inputs, the decision of somebody without a model. What changes
    here counts for predictions made from then on, or from `valid_from` on, where that is later.
    """

    unit: str = ""
    true_positive: Figure = 0.0
    false_positive: Figure = 0.0
    true_negative: Figure = 0.0
    false_negative: Figure = 0.0
    per_absolute_error: Figure = 0.0
    function: str = ""
    rule: str = ""
    valid_from: datetime | None = None
    threshold: float = 0.5

    @property
    def terms(self) -> Value:
        """What outcomes are worth, without what decides and what it is compared with."""
        return msgspec.structs.replace(self, threshold=0.5, rule="", valid_from=None)

    @property
    def constant(self) -> bool:
        """Whether an outcome is worth the same in every row."""
        return not self.function and not self.columns

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values are amounts."""
        return tuple(dict.fromkeys(figure for figure in self.figures if isinstance(figure, str)))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The amounts of all outcomes."""
        outcomes = (self.true_positive, self.false_positive, self.true_negative, self.false_negative)
        return (*outcomes, self.per_absolute_error)


class HumilityAction(StrEnum):
    """What is done about a prediction that is not to be trusted: it is noted, replaced, or not made."""

    LOG = "log"
    OVERRIDE = "override"
    REFUSE = "refuse"


class Humility(Record, frozen=True, kw_only=True):
    """What is done about rows on which the model should not be trusted; None: nothing.

    `out_of_range`: a number below or above all of training. `unseen`: a category that training never met, where these
    are few. `uncertain`: the positive class's probability lies in `band`. `override` is the answer of an override.
    """

    out_of_range: HumilityAction | None = None
    unseen: HumilityAction | None = None
    uncertain: HumilityAction | None = None
    band: tuple[float, float] = (0.4, 0.6)
    override: str | float | None = None

    @property
    def actions(self) -> tuple[HumilityAction | None, ...]:
        """What each trigger does."""
        return (self.out_of_range, self.unseen, self.uncertain)


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
    humility: Humility | None = None
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
            monitoring=msgspec.structs.replace(
                self.monitoring, fairness=tuple(map(names.spelled, self.monitoring.fairness))
            ),
        )
