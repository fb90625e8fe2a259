"""Mutations by clients are done once, however often they are sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction


class Operation(NamedTuple):
    """A mutation that was asked for, and the numbers of its events; none where the last is before the first."""

    op_id: str
    verb: str
    actor: str
    first_seq: int
    last_seq: int


_OPERATION = "SELECT op_id, verb, actor, first_seq, last_seq FROM operations"


def of_event(query: Query, seq: int) -> Operation | None:
    """The operation that brought an event; None for what the engine did by itself."""
    return _operation(query.one(f"{_OPERATION} WHERE ? BETWEEN first_seq AND last_seq", [seq]))


def of_id(query: Query, op_id: str) -> Operation | None:
    """An operation by the name that its client gave it."""
    return _operation(query.one(f"{_OPERATION} WHERE op_id = ?", [op_id]))


def newest_of(query: Query, actor: str) -> Operation | None:
    """The newest operation of somebody that had an effect."""
    return _operation(
        query.one(f"{_OPERATION} WHERE actor = ? AND last_seq >= first_seq ORDER BY last_seq DESC LIMIT 1", [actor])
    )


def _operation(row: tuple[Any, ...] | None) -> Operation | None:
    return None if row is None else Operation(*row)


def answered(reader: Query, op_id: str) -> str | None:
    """The stored JSON answer of an operation, None when it is new."""
    row = reader.one("SELECT answer FROM operations WHERE op_id = ?", [op_id])
    return str(row[0]) if row else None


class Answers:
    """What was answered, without a query for a new operation: most ids are greater than any before."""

    def __init__(self) -> None:
        self._greatest: str | None = None

    def of(self, transaction: Transaction, op_id: str) -> str | None:
        """As `answered`. For the thread that writes, and for one store alone."""
        if self._greatest is None:
            row = transaction.one("SELECT max(op_id) FROM operations")
            self._greatest = str(row[0]) if row and row[0] is not None else ""
        if op_id > self._greatest:
            self._greatest = op_id
            return None
        return answered(transaction, op_id)


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
