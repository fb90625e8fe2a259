"""When a model was last considered by the clock, and which trigger waits for its cool-down to end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shopfloor.store.rows import Query, stored_time
from shopfloor.store.transaction import Transaction


def last(query: Query, model: str, trigger: str) -> datetime | None:
    """The time of the last tick of a trigger; None before the first."""
    row = query.one("SELECT considered_at FROM retrain_ticks WHERE model = ? AND trigger = ?", [model, trigger])
    return None if row is None else stored_time(row[0])


def put(transaction: Transaction, model: str, trigger: str, at: datetime) -> None:
    """A trigger of a model was considered."""
    transaction.put("retrain_ticks", {"model": model, "trigger": str(trigger), "considered_at": at})


def waiting(query: Query, triggers: Iterable[str]) -> dict[str, list[str]]:
    """By model: those of `triggers` that a tick has to consider again."""
    wanted = [str(trigger) for trigger in triggers]
    rows = query.all("SELECT model, trigger FROM retrain_ticks WHERE list_contains(?, trigger) ORDER BY ALL", [wanted])
    found: dict[str, list[str]] = {}
    for model, trigger in rows:
        found.setdefault(model, []).append(trigger)
    return found


def forget(transaction: Transaction, model: str, trigger: str) -> None:
    """A trigger waits no more."""
    transaction.execute("DELETE FROM retrain_ticks WHERE model = ? AND trigger = ?", [model, str(trigger)])
