"""Deployments: the intervals in which a version was a model's champion."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query


class ServedVersion(NamedTuple):
    """`version` was champion from `since` until `until` (None: still). Times are UTC without a zone."""

    model: str
    seq: int
    version: int
    previous: int | None
    since: datetime
    until: datetime | None
    actor: str
    cause: str
    reason: str

    @property
    def key(self) -> Key:
        """The node's key."""
        return Key(NodeKind.DEPLOYMENT, self.model, self.seq)

    @property
    def release(self) -> Key:
        """The key of the deployed version."""
        return Key(NodeKind.MODEL_VERSION, self.model, self.version)

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """True when it was champion at some moment from `first` to `last`."""
        return self.since <= last and (self.until is None or self.until > first)


def deployments(query: Query, models: Iterable[str], scope: LineageScope) -> list[ServedVersion]:
    """All deployments of some models up to the moment of the trace, by model, oldest first."""
    return scope.once(ServedVersion, models, lambda missing: _load(query, missing, scope))


def _load(query: Query, models: list[str], scope: LineageScope) -> list[ServedVersion]:
    rows = query.all(
        """
        SELECT model, seq, version, previous, happened_at,
               lead(happened_at) OVER (PARTITION BY model ORDER BY seq), actor, cause, reason
        FROM alias_history
        WHERE alias = 'champion' AND happened_at <= ? AND model IN (SELECT unnest(?::VARCHAR[]))
        QUALIFY version IS NOT NULL ORDER BY seq
        """,
        [scope.until, models],
    )
    return [ServedVersion(*row) for row in rows]
