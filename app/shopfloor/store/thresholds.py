"""The decision threshold of each version: its definition's when it was released, or a person's since."""

from __future__ import annotations

from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction


def of_version(query: Query, model: str, version: int) -> float | None:
    """The threshold that a version decides with; None: the most probable class is the answer."""
    row = query.one("SELECT threshold FROM decision_thresholds WHERE model = ? AND model_version = ?", [model, version])
    return None if row is None else row[0]


def put(transaction: Transaction, model: str, version: int, threshold: float | None) -> None:
    """What a version decides with from now on."""
    row = {"model": model, "model_version": version, "threshold": threshold, "decided_at": transaction.now}
    transaction.put("decision_thresholds", row, keep=True)
