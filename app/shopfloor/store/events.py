"""The event log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from shopfloor.domain.event import Event
from shopfloor.store.rows import Query, scalar, stored_time
from shopfloor.store.transaction import Transaction

_COLUMNS = "seq, happened_at, kind, subject, actor, message, data"


def after(query: Query, seq: int, limit: int, subject: str = "") -> list[Event]:
    """Events with a higher number than `seq`, oldest first."""
    rows = query.all(
        f"SELECT {_COLUMNS} FROM events WHERE seq > ? AND (? = '' OR subject = ?) ORDER BY seq LIMIT ?",
        [seq, subject, subject, limit],
    )
    return [_event(row) for row in rows]


def tail(query: Query, count: int, subject: str = "") -> list[Event]:
    """The newest events, oldest first."""
    rows = query.all(
        f"SELECT {_COLUMNS} FROM events WHERE (? = '' OR subject = ?) ORDER BY seq DESC LIMIT ?",
        [subject, subject, count],
    )
    return [_event(row) for row in reversed(rows)]


def about(query: Query, subject: str, field: str, id: str, limit: int = 20) -> list[Event]:
    """The newest events of a subject whose `field` names a thing (`file`, `alert`, …), oldest first."""
    rows = query.all(
        f"SELECT {_COLUMNS} FROM events WHERE subject = ? AND data ->> ? = ? ORDER BY seq DESC LIMIT ?",
        [subject, f"$.{field}", id, limit],
    )
    return [_event(row) for row in reversed(rows)]


def of_kind(query: Query, subject: str, prefix: str, limit: int) -> list[Event]:
    """The newest events of a subject whose kind begins with `prefix`, newest first."""
    rows = query.all(
        f"SELECT {_COLUMNS} FROM events WHERE subject = ? AND starts_with(kind, ?) ORDER BY seq DESC LIMIT ?",
        [subject, prefix, limit],
    )
    return [_event(row) for row in rows]


def newest_of(query: Query, kinds: Sequence[str]) -> dict[str, Event]:
    """The newest event of these kinds of each subject."""
    rows = query.all(
        f"SELECT {_COLUMNS} FROM events WHERE list_contains(?, kind) "
        "QUALIFY row_number() OVER (PARTITION BY subject ORDER BY seq DESC) = 1",
        [list(kinds)],
    )
    return {event.subject: event for event in map(_event, rows)}


def kinds_of(query: Query, subject: str) -> dict[str, int]:
    """How many events of each kind there are about a subject."""
    return dict(query.all("SELECT kind, count(*) FROM events WHERE subject = ? GROUP BY kind", [subject]))


def total(query: Query, subject: str = "") -> int:
    """How many events there are."""
    return scalar(query, "SELECT count(*) FROM events WHERE (? = '' OR subject = ?)", [subject, subject])


def told(query: Query) -> dict[str, int]:
    """Up to which event the command of each rule of `notify` has been told."""
    return dict(query.all("SELECT rule, seq FROM notify_told"))


def put_told(transaction: Transaction, rule: str, seq: int) -> None:
    """The command of a rule knows all up to event `seq`."""
    transaction.put("notify_told", {"rule": rule, "seq": seq})


def forget_told(transaction: Transaction, rules: Sequence[str]) -> None:
    """These rules are no more."""
    for rule in rules:
        transaction.execute("DELETE FROM notify_told WHERE rule = ?", [rule])


def _event(row: tuple[Any, ...]) -> Event:
    return Event(
        seq=row[0],
        at=stored_time(row[1]),
        kind=row[2],
        subject=row[3],
        actor=row[4],
        message=row[5],
        data=msgspec.json.decode(row[6]),
    )
