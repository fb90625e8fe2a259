"""Facts that stations state inside their commit; the line decides which jobs follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.job import JobRecord
from shopfloor.domain.monitor import AlertRecord
from shopfloor.store.transaction import Transaction


@dataclass(frozen=True)
class VersionCommitted:
    """A dataset has a new version."""

    version: DatasetVersion


@dataclass(frozen=True)
class DeliveryTrusted:
    """A person says that the rows which a version of a dataset brought are right; `trigger` says in words who."""

    dataset: str
    version: int
    trigger: str


@dataclass(frozen=True)
class PredictionsLogged:
    """A model version's predictions are in the inference log; `trigger` says in words which, `job` logged them.

    `live`: a serving process goes on logging.
    """

    model: str
    version: int
    trigger: str
    job: str
    live: bool = False


@dataclass(frozen=True)
class ActualsArrived:
    """Actuals of a model arrived; `trigger` describes them, `job` read them."""

    model: str
    trigger: str
    job: str


@dataclass(frozen=True)
class ChampionChanged:
    """A version of a model is champion from now on; `trigger` says in words why."""

    model: str
    version: int
    trigger: str


@dataclass(frozen=True)
class DefinitionMended:
    """The definition of a model can be read again, which it could not `since` then."""

    model: str
    since: datetime


@dataclass(frozen=True)
class AlertOpened:
    """A new alert about a model."""

    definition: ModelDefinition
    alert: AlertRecord


Fact = (
    VersionCommitted
    | DeliveryTrusted
    | PredictionsLogged
    | ActualsArrived
    | ChampionChanged
    | DefinitionMended
    | AlertOpened
)


class Line(Protocol):
    """Told of a fact before its COMMIT, so that the jobs that follow are in the same transaction."""

    def after(self, transaction: Transaction, fact: Fact) -> None:
        """Queue what follows from `fact`."""
        ...

    def holds_back(self, transaction: Transaction) -> Callable[[JobRecord], bool]:
        """Which queued jobs wait for what others are to find out first."""
        ...


class NoLine:
    """Nothing follows: a station by itself."""

    def after(self, transaction: Transaction, fact: Fact) -> None:
        """Queue nothing."""

    def holds_back(self, transaction: Transaction) -> Callable[[JobRecord], bool]:
        """No job waits."""
        return lambda job: False
