"""Why a model is trained again, or not: occasions, conditions and what follows."""

from __future__ import annotations

from enum import StrEnum

from shopfloor.domain.record import Record


class RetrainTrigger(StrEnum):
    """What can start a training, beside a person."""

    DATA = "data"
    CORRECTION = "correction"
    DRIFT = "drift"
    PERFORMANCE = "performance"
    SCHEDULE = "schedule"
    STALENESS = "staleness"


class RetrainOutcome(StrEnum):
    """What the policy decided: train, ask people to, or do nothing."""

    TRAIN = "train"
    ASK = "ask"
    SKIP = "skip"


class RetrainCondition(Record, frozen=True, kw_only=True):
    """One condition of a retraining, as it was when it was decided; `detail` is why it holds or does not."""

    code: str
    passed: bool
    value: float
    limit: float
    detail: str
