"""Facts that stations state inside their commit; the line decides which jobs follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import AlertRecord
from shopfloor.store.transaction import Transaction


@dataclass(frozen=True)
class VersionCommitted:
    """A dataset has a new version."""

    version: DatasetVersion


@dataclass(frozen=True)
class PredictionsLogged:
    """A model version's predictions are in the inference log; `trigger` says in words which, `job` logged them."""

    model: str
    version: int
    trigger: str
    job: str


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
class AlertOpened:
    """A new alert about a model."""

    definition: ModelDefinition
    alert: AlertRecord


Fact = VersionCommitted | PredictionsLogged | ActualsArrived | ChampionChanged | AlertOpened


class Line(Protocol):
    """Told of a fact before its COMMIT, so that the jobs that follow are in the same transaction."""

    def after(self, transaction: Transaction, fact: Fact) -> None:
        """Queue what follows from `fact`."""
        ...


class NoLine:
    """Nothing follows: a station by itself."""

    def after(self, transaction: Transaction, fact: Fact) -> None:
        """Queue nothing."""
