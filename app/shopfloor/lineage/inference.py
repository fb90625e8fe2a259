"""The inference log: predictions by version and source, actuals by model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shopfloor.lineage.deployments import ServedVersion, deployments
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query


class LoggedPredictions(NamedTuple):
    """The logged predictions of one model version (0: unknown) from one source."""

    model: str
    version: int
    source: str
    rows: int
    parts: int
    first: datetime
    last: datetime
    known_at: datetime

    @property
    def key(self) -> Key:
        """The node's key."""
        return Key(NodeKind.PREDICTIONS, self.model, self.version, self.source)

    def producers(self, releases: Iterable[ServedVersion]) -> list[Key]:
        """The deployments that made them; without one the version itself (batch scoring by a person).

        A log is collected after the fact: answers of no deployment's time belong to the last one before.
        """
        same = [held for held in releases if (held.model, held.version) == (self.model, self.version)]
        found = [held.key for held in same if held.overlaps(self.first, self.last)]
        if not found:
            found = [held.key for held in same if held.since <= self.last][-1:]
        return found or ([Key(NodeKind.MODEL_VERSION, self.model, self.version)] if self.version else [])


class Actuals(NamedTuple):
    """All ground truth of one model."""

    model: str
    rows: int
    parts: int
    first: datetime
    last: datetime
    known_at: datetime

    @property
    def key(self) -> Key:
        """The node's key."""
        return Key(NodeKind.ACTUALS, self.model)


_SPAN = """
sum(rows)::BIGINT, count(*), min(coalesce(first_at, created_at)), max(coalesce(last_at, created_at)), min(created_at)
FROM inference_parts WHERE kind = ? AND created_at <= ? AND model IN (SELECT unnest(?::VARCHAR[]))
"""


def predictions(query: Query, models: Iterable[str], scope: LineageScope) -> list[LoggedPredictions]:
    """The groups of predictions of some models, as logged by the moment of the trace."""
    select = f"SELECT model, coalesce(model_version, 0), source, {_SPAN} GROUP BY ALL ORDER BY 1, 2, 3"

    def load(missing: list[str]) -> list[LoggedPredictions]:
        return [LoggedPredictions(*row) for row in query.all(select, ["predictions", scope.until, missing])]

    return scope.once(LoggedPredictions, models, load)


def actuals(query: Query, models: Iterable[str], scope: LineageScope) -> list[Actuals]:
    """The actuals of those of some models that have any."""
    select = f"SELECT model, {_SPAN} GROUP BY model"

    def load(missing: list[str]) -> list[Actuals]:
        return [Actuals(*row) for row in query.all(select, ["actuals", scope.until, missing])]

    return scope.once(Actuals, models, load)


def producers(query: Query, models: Iterable[str], scope: LineageScope) -> dict[Key, list[Key]]:
    """Group of predictions to what made it, for all groups of some models."""
    wanted = set(models)
    releases = deployments(query, wanted, scope)
    return {group.key: group.producers(releases) for group in predictions(query, wanted, scope)}
