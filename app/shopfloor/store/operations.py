"""Mutations by clients are done once, however often they are sent."""

from __future__ import annotations

from shopfloor.store.store import Reader
from shopfloor.store.transaction import Transaction


def answered(reader: Reader | Transaction, op_id: str) -> str | None:
    """The stored JSON answer of an operation, None when it is new."""
    row = reader.one("SELECT answer FROM operations WHERE op_id = ?", [op_id])
    return str(row[0]) if row else None


def record(transaction: Transaction, op_id: str, verb: str, answer: str) -> None:
    """Remember an answer in the transaction that did the work."""
    transaction.put("operations", {"op_id": op_id, "verb": verb, "happened_at": transaction.now, "answer": answer})
