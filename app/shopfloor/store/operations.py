"""Mutations by clients are done once, however often they are sent."""

from __future__ import annotations

from shopfloor.store.store import Reader
from shopfloor.store.transaction import Transaction


def answered(reader: Reader | Transaction, op_id: str) -> str | None:
    """The stored JSON answer of an operation, None when it is new."""
    row = reader.one("SELECT answer FROM operations WHERE op_id = ?", [op_id])
    return str(row[0]) if row else None


def record(transaction: Transaction, op_id: str, verb: str, answer: str, *, first_seq: int) -> None:
    """Remember an answer in the transaction that did the work, with its events from `first_seq` on."""
    transaction.add(
        "operations",
        {
            "op_id": op_id,
            "verb": verb,
            "happened_at": transaction.now,
            "answer": answer,
            "actor": transaction.actor,
            "first_seq": first_seq,
            "last_seq": transaction.seq,
        },
    )
