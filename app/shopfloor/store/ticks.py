"""When a model was last considered by the clock."""

from __future__ import annotations

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
