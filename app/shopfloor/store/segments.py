"""How far the append-only logs of other processes have been taken in."""

from __future__ import annotations

from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction


def offsets(query: Query) -> dict[str, int]:
    """Segment to the bytes taken in."""
    return dict(query.all("SELECT name, taken FROM segments"))


def taken(query: Query, name: str) -> int:
    """The bytes of one segment that were taken in."""
    row = query.one("SELECT taken FROM segments WHERE name = ?", [name])
    return int(row[0]) if row else 0


def take(transaction: Transaction, name: str, offset: int) -> None:
    """Remember how far a segment has been taken in, in the transaction that keeps what it said."""
    transaction.put("segments", {"name": name, "taken": offset})
