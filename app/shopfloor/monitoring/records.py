"""Requests, stored records and results of the monitoring station. Light: no heavy library here."""

from __future__ import annotations

import math
from datetime import datetime
from statistics import variance

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.handles import ArtifactFile, PartFile
from shopfloor.domain.monitor import AlertRecord, CheckResult
from shopfloor.domain.record import Record
from shopfloor.domain.service import RequestCounts
from shopfloor.domain.value import CostEntry, ValueGroup, ValueTerms
from shopfloor.statistics.calibration import Recalibration

FEATURE_DRIFT = "feature_drift"
MISSING_SHARE = "missing_share"
MISSING_RATE = "missing_rate"
PREDICTION_DRIFT = "prediction_drift"
PERFORMANCE = "performance"
TARGET_DRIFT = "target_drift"
LABELLED_SHARE = "labelled_share"
OUTGROWN = "outgrown"
VALUE = "value"
HUMILITY = "humility"
CALIBRATION = "calibration"
MULTIVARIATE_DRIFT = "multivariate_drift"
ESTIMATED_PERFORMANCE = "estimated_performance"
TRAINING_SERVING_SKEW = "training_serving_skew"
STALENESS = "staleness"
SLICES = "slices"
LATENCY = "latency"
SERVICE_ERRORS = "service_errors"
REFUSED_REQUESTS = "refused_requests"
FAIRNESS = "fairness"

BREAKS = "breaks"
"""Where a result's evidence keeps what all broke, by the names of the measures; the greatest is its `measure`."""
UNIT_CHANGE, UNIT_IS_CERTAIN = "unit_change", "unit_is_certain"
CONSTANT, UNSEEN, VANISHED = "top_share", "unseen_share", "vanished_share"
"""What a drift check may measure beside the distances."""
NEW_CLASS, CLASS_RATE = "new_class", "class_rate"
"""What only labels have."""

_BEYOND, _HALF, _FEWEST = 2.33, 0.5, 3


class Sketch(Record, frozen=True, kw_only=True):
    """Some rows of one feature in a few numbers.

    `counts` holds the present rows in each bin, `points` evenly spaced quantiles of a number
    (empty for other kinds), `top` the share of the commonest single number or level among present rows.
    `unseen` counts present rows with a value that the reference never saw, where its bins know all values.
    """

    rows: int
    missing: int
    counts: tuple[int, ...]
    points: tuple[float, ...] = ()
    top: float = 0.0
    unseen: int = 0

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        """Rows without a value, as a share of all rows; 0 without rows."""
        return self.missing / self.rows if self.rows else 0.0


class Bins(Record, frozen=True, kw_only=True):
    """How values of a feature fall into at most 20 bins.

    `kind` is `number` (then `edges` are inner edges, a value on an edge belongs below it; `known` are its values where
    they are few whole numbers, which may be codes, or where it is one or none),
    `level` (then `levels` have a bin each, others one of their `strata` by how often the reference has them, commonest
    first, as packed digests, and one more bin is for levels that it never saw; older references have `known` names
    or `pools` bins by hash instead of strata) or `clock` (hours of the
    day or, for dates, days of the week, as `levels` of their labels).
    """

    kind: str
    labels: tuple[str, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    pools: int = 0
    strata: tuple[str, ...] = ()
    known: tuple[str, ...] | None = None
    key: str = ""


class FeatureReference(Record, frozen=True, kw_only=True):
    """One feature of the reference: its bins, all rows, and the same for every chunk of time.

    `scale` is the unit of distances between numbers (a robust standard deviation).
    `apart` says by the name of a distance how far each stretch of the reference that has enough rows lies from the rest
    of it, and `reach` how far one may lie. `importance` is the share of all features' importance, None when unknown.
    `used` is False for a column of the dataset that is no feature of the model.
    """

    name: str
    type: ColumnType | None = None
    bins: Bins
    scale: float = 1.0
    whole: Sketch
    chunks: tuple[Sketch, ...] = ()
    apart: dict[str, tuple[float, ...]] = {}
    reach: dict[str, float] = {}
    importance: float | None = None
    used: bool = True

    @property
    def constant(self) -> bool:
        """Whether all rows with a value have the same one, or none has a value."""
        alone = sum(1 for count in self.whole.counts if count) <= 1
        known, bins = self.bins.known, self.bins
        return alone and known is not None and len(known) + len(bins.levels) + len(bins.strata) <= 1


class Chunk(Record, frozen=True, kw_only=True):
    """A stretch of the reference's time; `start` and `end` are None for random chunks."""

    rows: int
    start: datetime | None = None
    end: datetime | None = None


class PerformanceReference(Record, frozen=True, kw_only=True):
    """How the model did on its holdout.

    `score` has standard error `error`; `chunks` are scores of stretches of the holdout, in order.
    `constant` is what always predicting the commonest class (or the mean) scored, `estimated` what is estimated
    for the holdout itself as it is for rows without truth.
    """

    metric: str
    score: float
    error: float
    rows: int
    constant: float | None = None
    chunks: tuple[float, ...] = ()
    estimated: float | None = None

    @property
    def skill(self) -> float:
        """What the model is better than a constant answer."""
        return abs(self.score - self.constant) if self.constant is not None else abs(self.score)

    def usual_fall(self, least: float) -> float:
        """How far a score may fall before it matters: `least` of the skill, and more where the holdout was restless."""
        # Half of what the model is good for always matters, however restless the holdout was.
        return max(least * self.skill, min(_BEYOND * self._own_spread, _HALF * self.skill))

    @property
    def _own_spread(self) -> float:
        """The standard deviation between stretches of the holdout, freed of their sampling noise."""
        if len(self.chunks) < _FEWEST:
            return 0.0
        return math.sqrt(max(variance(self.chunks) - len(self.chunks) * self.error**2, 0.0))


class JointReference(Record, frozen=True, kw_only=True):
    """Some rows of the reference, a text of ranks a column (`monitoring.joint`), and how much its stretches differ."""

    rows: int
    columns: dict[str, str] = {}
    usual: tuple[float, ...] = ()


class LossTerm(Record, frozen=True, kw_only=True):
    """What a feature (or the prediction, which has no name) says of the size of an error, as a log of its square.

    `weights` are those at `knots`, between which they are linear, or of the feature's bins, and last that of what is
    missing.
    """

    name: str
    knots: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()


class LossModel(Record, frozen=True, kw_only=True):
    """How large the errors of a regression model are where, learned on `rows` rows of its holdout.

    A prediction is off by `bias` + `tilt` times itself on average. The size of a row's error (root mean square) is
    exp(`offset` + half of the sum of its weights); `shape` has the quantiles of errors without that mean, divided by
    what is left of their size.
    """

    rows: int
    bias: float
    tilt: float
    offset: float
    terms: tuple[LossTerm, ...]
    shape: tuple[float, ...]


class SliceReference(Record, frozen=True, kw_only=True):
    """How the model did on the holdout's rows where `column` is `level`; `error` is of `units` blocks or rows."""

    column: str
    level: str
    rows: int
    score: float
    error: float
    units: int


class SlicedReference(Record, frozen=True, kw_only=True):
    """How the model did on slices of its holdout, by a metric that means the same in each: `score` is that of all
    rows, `skill` by how much that is better than a constant answer.
    """

    metric: str
    score: float
    skill: float
    slices: tuple[SliceReference, ...] = ()


class Outcomes(Record, frozen=True, kw_only=True):
    """The holdout in the form that values of any cost matrix can be computed from.

    Binary: `positives` and `negatives` are rows by predicted chance in bins of equal width.
    Regression: `absolute_error` is the mean. `commonest` is the commonest class, `mean` the
    mean of a numeric target.
    """

    rows: int
    positives: tuple[int, ...] = ()
    negatives: tuple[int, ...] = ()
    absolute_error: float | None = None
    commonest: str | None = None
    mean: float | None = None


class Reference(Record, frozen=True, kw_only=True):
    """What a model version learned from (`reference.json` beside the artifact).

    `chunked_by` says what the chunks are: `delivery`, a unit of time, `stretch` (equal numbers of
    rows in time order) or `random` (the rows have no time). `follow_time` are columns that are no features
    and that change because time goes on. `unlabelled` are the rows without a label, of how many, in each of the newest
    deliveries that the model learned from, oldest first. `calibration` is what happened in the holdout at the chances
    that a classifier gave it, `losses` how far a regression model was off, `joint` some rows that show how columns
    hang together.
    """

    format: int = 1
    model: str
    task: Task
    rows: int
    features: tuple[FeatureReference, ...]
    follow_time: tuple[str, ...] = ()
    chunked_by: str
    chunks: tuple[Chunk, ...]
    prediction: FeatureReference | None = None
    prediction_chunks: tuple[Chunk, ...] = ()
    prediction_chunked_by: str = "random"
    target: FeatureReference | None = None
    unlabelled: tuple[tuple[int, int], ...] = ()
    performance: PerformanceReference | None = None
    outcomes: Outcomes | None = None
    sliced: SlicedReference | None = None
    calibration: Recalibration | None = None
    losses: LossModel | None = None
    joint: JointReference | None = None
    positive: str | None = None
    classes: tuple[str, ...] = ()
    created_at: datetime


class Promise(Record, frozen=True, kw_only=True):
    """As much of a reference as says how many `rows` a version was made from, and how it did on its holdout."""

    rows: int
    performance: PerformanceReference | None = None


class Rival(Record, frozen=True, kw_only=True):
    """A version that answers rows which another one decided: only those after `made_at`, which it cannot have learned.

    `threshold` is its own, None where the most probable class is its answer. `key_path` is that of the key which signed
    the artifact.
    """

    artifact: ArtifactFile
    key_path: str
    threshold: float | None = None
    made_at: datetime


class ValueSpec(Record, frozen=True, kw_only=True):
    """Compute the realised value of stored predictions. Paths as in `CheckSpec`.

    `terms` are all that the model had, oldest first. `champion` and `previous` are versions, and `threshold` the
    champion's. `rival` is the previous version where it is to decide the champion's rows, too. The delivery `data`, if
    there is one, arrived at `arrived_at`. `by` says what the points are about.
    """

    definition: ModelDefinition
    task: Task
    positive: str | None = None
    classes: tuple[str, ...] = ()
    reference_path: str | None = None
    terms: tuple[ValueTerms, ...] = ()
    costs: tuple[CostEntry, ...] = ()
    champion: int | None = None
    previous: int | None = None
    threshold: float = 0.5
    rival: Rival | None = None
    columns: tuple[Column, ...] = ()
    data: tuple[PartFile, ...] = ()
    arrived_at: datetime | None = None
    inference: tuple[str, ...] = ()
    actuals: tuple[str, ...] = ()
    by: ValueGroup = ValueGroup.MONTH

    @property
    def amounts(self) -> tuple[str, ...]:
        """The columns that any of the terms name as amounts."""
        return tuple(dict.fromkeys(column for terms in self.terms for column in terms.value.columns))


class CheckSpec(Record, frozen=True, kw_only=True):
    """One run of the checks of one model version.

    `data` are parts of the newest delivery of the model's dataset, read as `columns`.
    `inference` and `actuals` are paths of stored predictions and ground truth; predictions count
    when they were made in `window` (start included, end not; None is open). Where the delivery
    has the target and the association id, its rows count as ground truth too. `labels_follow`: rows may come first and
    their labels later, as the same rows. `artifact` is the version itself, which answers logged inputs again and,
    unless it has `learned` some of them, the delivery's labelled rows; `key_path` is that of the key which signed it.
    `others` are versions of another age, which have learned none of them either. `history` holds earlier results of
    the model, for persistence and for what past deliveries did.
    `value` is what its decisions are worth by, None without terms; `requests` are those to the version since the last
    run, by source.
    """

    definition: ModelDefinition
    model_version: int
    task: Task
    metric: str
    positive: str | None = None
    classes: tuple[str, ...] = ()
    reference_path: str
    columns: tuple[Column, ...] = ()
    data: tuple[PartFile, ...] = ()
    labels_follow: bool = False
    artifact: ArtifactFile | None = None
    learned: bool = False
    others: tuple[ArtifactFile, ...] = ()
    key_path: str = ""
    inference: tuple[str, ...] = ()
    actuals: tuple[str, ...] = ()
    window: tuple[datetime | None, datetime | None] = (None, None)
    history: tuple[CheckResult, ...] = ()
    value: ValueSpec | None = None
    requests: tuple[RequestCounts, ...] = ()
    now: datetime


class Joined(Record, frozen=True, kw_only=True):
    """How stored predictions and ground truth met.

    `predictions` are distinct association ids, `matched` those with an actual, `orphans` actuals
    without a prediction of this version, `repeated` predictions that a later one of the same id
    replaced, `replaced` actuals that a later one replaced, `unusable` matched rows whose actual
    is no class or number.
    """

    predictions: int = 0
    matched: int = 0
    orphans: int = 0
    repeated: int = 0
    replaced: int = 0
    unusable: int = 0

    @property
    def maturity(self) -> float | None:
        """The share of predictions whose truth is known; None without predictions."""
        return self.matched / self.predictions if self.predictions else None


class CheckReport(Record, frozen=True, kw_only=True):
    """The results of one check run. `source` is where the inputs came from: `data` or `inference`.

    `live_score` is that of `live_rows` rows, each of which is a `live_on`, and `live_verdict` what was found in them.
    `live_known` of `live_of` rows have their truth by now. `value` is what all predictions of the model with actuals
    were worth.
    """

    model: str
    model_version: int
    results: tuple[CheckResult, ...] = ()
    source: str = ""
    rows: int = 0
    live_score: float | None = None
    live_rows: int = 0
    live_known: int = 0
    live_of: int = 0
    live_on: str = ""
    live_verdict: str = ""
    value: float | None = None
    joined: Joined = Joined()
    notes: tuple[str, ...] = ()


class AlertChanges(Record, frozen=True, kw_only=True):
    """What a run changes about a model's alerts. New alerts have an empty id."""

    opened: tuple[AlertRecord, ...] = ()
    updated: tuple[AlertRecord, ...] = ()
    resolved: tuple[AlertRecord, ...] = ()


class Delivery(Record, frozen=True, kw_only=True):
    """One past delivery: the parts that a dataset version added."""

    dataset_version: int
    parts: tuple[PartFile, ...]
    at: datetime


class BacktestSpec(Record, frozen=True, kw_only=True):
    """Replay the rule of `definition` over deliveries, oldest first, against one reference, and that of `other`.

    `performance` are the stored results of the performance on labelled deliveries.
    """

    definition: ModelDefinition
    other: ModelDefinition | None = None
    performance: tuple[CheckResult, ...] = ()
    model_version: int
    reference_path: str
    columns: tuple[Column, ...]
    deliveries: tuple[Delivery, ...]
