"""What the gate gets. Light to import: the engine builds a `GateSpec` without numpy."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.codec import utc
from shopfloor.domain.definition import ModelDefinition, Split, Task
from shopfloor.domain.record import Record

LEAST_GAIN = 0.002
LARGEST_LOSS = 0.005
SHARE_OF_ERROR = 0.01


class GateSpec(Record, frozen=True, kw_only=True):
    """One challenger to judge, and what is known about it and the champion.

    `classes` are the class names as text, in the order of training; `positive` one of them.
    `*_trained_until` is the newest row time a model was fitted on, `holdout_from` the oldest row
    time of the holdout; with `unseen` both sides' answers are those of fits that had not seen the row, so any row may
    judge. `refreshes` is the champion, where the challenger is of its recipe. `split` is the split that was used;
    `auto` infers it: by time when the challenger's training ended before the holdout began.
    Scores are scikit-learn scorer values: greater is better, errors are negative.
    `train_score` is the challenger's score on a sample of its training rows, `dummy_score` that of the constant model
    on the holdout. `row_ms` is the measured time of one row through the row path. `earlier_tests` are the dataset
    versions of the earlier tests against this champion, `new_blocks` those at which each block of labelled rows came,
    `block_months` what part of a month each stands for (see `alpha_wallet`). `changed_inputs` says which inputs callers
    would have to send otherwise than to the champion. `no_bar` says why the champion is not compared with; empty where
    it is. `value_source` is the code of the function that gives the value. `min_gain` and `margin` are those of the
    definition, where it has any.
    """

    definition: ModelDefinition
    metric: str
    task: Task
    classes: tuple[str, ...] = ()
    positive: str | None = None
    champion_version: int | None = None
    champion_trained_until: datetime | None = None
    refreshes: int | None = None
    unseen: bool = False
    challenger_trained_until: datetime | None = None
    holdout_from: datetime | None = None
    split: Split = Split.AUTO
    train_score: float | None = None
    dummy_score: float | None = None
    artifact_bytes: int | None = None
    artifact_bytes_limit: int = 512 * 1024 * 1024
    row_ms: float | None = None
    row_ms_limit: float = 50.0
    calibration_limit: float = 0.02
    min_gain: float = LEAST_GAIN
    margin: float = LARGEST_LOSS
    earlier_tests: tuple[int, ...] = ()
    new_blocks: tuple[int, ...] = ()
    block_months: tuple[float, ...] | None = None
    champion_age_days: float | None = None
    changed_inputs: tuple[str, ...] = ()
    no_bar: str = ""
    value_source: str = ""
    seed: int = 0
    now: datetime

    @property
    def by_time(self) -> bool:
        """True when the holdout is the newest share of time, so rows can be too old to judge."""
        if self.unseen or self.holdout_from is None or self.split is Split.HASH:
            return False
        if self.split is Split.TIME or self.challenger_trained_until is None:
            return True
        return utc(self.challenger_trained_until) < utc(self.holdout_from)


class SliceGain(Record, frozen=True, kw_only=True):
    """How much the challenger gains on the rows where `column` is `level`.

    `p_value` is one-sided (worse) and adjusted for the number of slices (Benjamini-Hochberg).
    `worse` needs both: a loss beyond the margin and evidence.
    """

    column: str
    level: str
    rows: int
    gain: float
    interval: tuple[float, float]
    p_value: float
    worse: bool = False
