"""One write transaction: rows, events, counted ids and the journal's share of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from shopfloor.domain.codec import to_text
from shopfloor.domain.event import Event
from shopfloor.domain.ids import counted
from shopfloor.store import bulk
from shopfloor.store.images import Row, RowImage, RowImages, as_json


def naive(at: datetime | None) -> datetime | None:
    """A time as the store keeps it: UTC without zone."""
    if at is None or at.tzinfo is None:
        return at
    return at.astimezone(UTC).replace(tzinfo=None)


class Transaction:
    """What a mutation may do. Made by the store's writer thread only.

    `actor` and `op_id` are who asked for it and how they named it, where somebody did.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, now: datetime, last_seq: int) -> None:
        self._connection = connection
        self.now = now
        self.seq = last_seq
        self.events: list[Event] = []
        self.kept: list[tuple[str, Row]] = []
        self.actor = ""
        self.op_id = ""
        self._images = RowImages(connection)
        self._replayed: list[RowImage] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run one statement."""
        return self._connection.execute(sql, list(parameters))

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row or None."""
        row: tuple[Any, ...] | None = self._connection.execute(sql, list(parameters)).fetchone()
        return row

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        rows: list[tuple[Any, ...]] = self._connection.execute(sql, list(parameters)).fetchall()
        return rows

    def row(self, table: str, *key: Any) -> Row | None:
        """A whole row by its primary key, for a mutation that is going to put it."""
        return self._images.row(table, key)

    def told(self, table: str, key: tuple[Any, ...], row: Row | None) -> None:
        """What a row is whose truth lies outside the database; before it is put."""
        self._images.told(table, key, row)

    def put(self, table: str, row: Row, *, keep: bool = False) -> None:
        """Insert or replace one row by its primary key. `keep` also writes it to the journal."""
        bulk.put(self._connection, table, row, there=self._images.note(table, row))
        if keep:
            self.kept.append((table, row))

    def add(self, table: str, row: Row, *, keep: bool = False) -> None:
        """Insert one row that cannot be there yet."""
        bulk.write(self._connection, table, [row], replace=False)
        if keep:
            self.kept.append((table, row))

    def put_many(self, table: str, rows: Sequence[Row], *, keep: bool = False) -> None:
        """`put` for several rows with the same columns, in one statement."""
        self._images.note_many(table, rows)
        bulk.write(self._connection, table, rows, replace=True)
        if keep:
            self.kept += [(table, row) for row in rows]

    def insert_columns(self, table: str, values: Mapping[str, Sequence[Any]]) -> None:
        """Insert tens of thousands of rows, which cannot be there yet, column by column."""
        bulk.insert_columns(self._connection, table, values)

    def next_id(self, prefix: str) -> tuple[str, int]:
        """The next counted id of a kind, such as (`r42`, 42)."""
        return self.next_ids(prefix, 1)[0]

    def next_ids(self, prefix: str, count: int) -> list[tuple[str, int]]:
        """`count` new ids in order."""
        row = self.one("SELECT last FROM counters WHERE kind = ?", [prefix])
        last = int(row[0]) if row else 0
        self.put("counters", {"kind": prefix, "last": last + count})
        return [(counted(prefix, number), number) for number in range(last + 1, last + count + 1)]

    def emit(self, kind: str, subject: str, message: str, *, actor: str = "engine", data: dict[str, Any]) -> Event:
        """Append a fact to the event log; `data` is the fact, `message` only its words."""
        self.seq += 1
        event = Event(seq=self.seq, at=self.now, kind=kind, subject=subject, actor=actor, message=message, data=data)
        self.events.append(event)
        return event

    @property
    def asker(self) -> str:
        """The person who asked, until an event says so; what follows from that is the engine's own doing."""
        said = any(event.actor == self.actor for event in self.events)
        return self.actor if self.actor and not said else "engine"

    @property
    def by(self) -> str:
        """Who makes the change, as its events say: a person or a file rather than the engine."""
        spoken = next((event.actor for event in self.events if event.actor != "engine"), "engine")
        return self.actor or spoken

    def put_back(self, seq: int, at: datetime | None, actor: str, rows: Sequence[tuple[str, Row]]) -> None:
        """Put the rows of an earlier commit again, with their history."""
        for table, row in rows:
            self.put(table, row)
        self._replayed += self._images.take(seq, at or self.now, actor or "engine", "")
        self.seq = seq

    @property
    def needs_event(self) -> bool:
        """Whether it changes what must be told and no event tells it.

        Replay finds what is missing by event numbers, and the history of rows goes by them.
        """
        return bool(self.kept or self._images) and not self.events

    def flush(self) -> None:
        """Write the collected events, the last with the earlier images; the store calls this before it commits."""
        if not self.events:
            return
        images = as_json([*self._replayed, *self._images.take(self.seq, self.now, self.by, self.op_id)])
        rows = [
            {
                "seq": event.seq,
                "happened_at": naive(event.at),
                "kind": event.kind,
                "subject": event.subject,
                "actor": event.actor,
                "message": event.message,
                "data": to_text(event.data),
                "images": images if event is self.events[-1] else None,
            }
            for event in self.events
        ]
        bulk.write(self._connection, "events", rows, replace=False)
