"""What a model's decisions are worth: versioned terms, costs, and the report of both."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from shopfloor.domain.definition import Value
from shopfloor.domain.record import Record


class ValueTerms(Record, frozen=True, kw_only=True):
    """What outcomes are worth, for predictions made from `valid_from` on until later terms begin.

    `source` is the recipe's code of that moment, where a function gives the value.
    """

    terms: int
    valid_from: datetime
    value: Value
    source: str = ""


class CostKind(StrEnum):
    """What money was spent on."""

    TRAINING = "training"
    ACTIONS = "actions"
    PEOPLE = "people"


class CostEntry(Record, frozen=True, kw_only=True):
    """One cost of a model, in the unit of its value. One that `reverses` another has its amount with the other sign."""

    id: str
    model: str
    kind: CostKind
    amount: float
    note: str = ""
    spent_at: datetime
    reverses: str | None = None
    actor: str = ""


class ValueGroup(StrEnum):
    """What the points of a report are about: periods of the time of prediction, or segments."""

    DAY = "day"
    MONTH = "month"
    SEGMENT = "segment"


class ValuePoint(Record, frozen=True, kw_only=True):
    """Realised value of one model version in one period, or of one segment."""

    period: str
    model_version: int
    rows: int
    value: float
    baseline: float | None = None


class ComparedWith(StrEnum):
    """What a champion's decisions are compared with."""

    PLAN = "plan"
    PREVIOUS = "previous champion"
    CONSTANT = "constant answer"
    RULE = "simple rule"

    @property
    def simple(self) -> bool:
        """Whether it needs no model."""
        return self in (ComparedWith.CONSTANT, ComparedWith.RULE)


class ValueComparison(Record, frozen=True, kw_only=True):
    """The champion's value a row against something else; `gain` > 0 is in its favour.

    `interval` is that of the gain (95 %), None where few rows do not tell. `p_worse` is how likely so great a loss is
    where there is none.
    """

    against: ComparedWith
    name: str
    rows: int
    per_row: float
    gain: float
    interval: tuple[float, float] | None = None
    p_worse: float | None = None


class ValueReport(Record, frozen=True, kw_only=True):
    """What a model has earned by the decisions that were served.

    `baseline` is the value of always predicting the commonest class (or the mean) on the same rows, `interval` that of
    `per_row` (95 %). `compared` are comparisons of `champion_rows` rows that the present champion decided.
    `costs` are what was entered, `net` is `total` without them, and `payback_on` the day from which the sum of all
    earlier days never was below zero again, `payback_expected` when that will be at the pace of the recent days.
    """

    model: str
    unit: str
    rows: int
    total: float
    per_row: float | None = None
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    planned_per_row: float | None = None
    champion: int | None = None
    champion_rows: int = 0
    compared: tuple[ValueComparison, ...] = ()
    costs: float = 0.0
    net: float | None = None
    payback_on: date | None = None
    payback_expected: date | None = None
    terms: tuple[ValueTerms, ...] = ()
    entries: tuple[CostEntry, ...] = ()
    points: tuple[ValuePoint, ...] = ()
    note: str = ""

    @property
    def simple(self) -> tuple[ValueComparison, ...]:
        """Those with answers that need no model."""
        return tuple(one for one in self.compared if one.against.simple)

    @property
    def simplest(self) -> ValueComparison | None:
        """The best of the answers that need no model."""
        return max(self.simple, key=lambda one: one.per_row, default=None)


class ThresholdPoint(Record, frozen=True, kw_only=True):
    """The value of a decision at one threshold: as the holdout promised it, and on the outcomes known by now."""

    threshold: float
    promised: float | None = None
    realised: float | None = None


class ThresholdReport(Record, frozen=True, kw_only=True):
    """The curve of value over thresholds, and the threshold that is proposed, with the reason; None for no change.

    `gain` a row is that of the proposal over the present threshold on `rows` known outcomes, within `interval` (95 %).
    """

    model: str
    unit: str
    version: int | None = None
    threshold: float | None = None
    proposed: float | None = None
    reason: str = ""
    rows: int = 0
    gain: float | None = None
    interval: tuple[float, float] | None = None
    points: tuple[ThresholdPoint, ...] = ()


class ThresholdChange(Record, frozen=True, kw_only=True):
    """A version decides by another threshold from now on."""

    model: str
    version: int
    previous: float | None
    threshold: float
