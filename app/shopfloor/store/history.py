"""What rows were before: the earlier image of every change, with its event number, its actor and its operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text, utc
from shopfloor.store.images import Row, RowImage
from shopfloor.store.rows import Query, scalar, stored_time
from shopfloor.store.transaction import Transaction, naive

_SELECT = "SELECT images FROM events WHERE images IS NOT NULL"


def of_row(query: Query, table: str, key: Sequence[Any]) -> list[RowImage]:
    """All changes of one row, oldest first."""
    about = f'"key":{to_text(list(key))}'
    found = _images(query.all(f"{_SELECT} AND contains(images, ?) ORDER BY seq", [about]))
    return [image for image in found if image.table == table and image.key == tuple(key)]


def of_rows(query: Query, *first: Any) -> list[RowImage]:
    """All changes of the rows whose key begins with one of `first`, oldest first."""
    about = [f'"key":[{to_text(each)}' for each in first]
    either = " OR ".join("contains(images, ?)" for _ in about)
    found = _images(query.all(f"{_SELECT} AND ({either}) ORDER BY seq", about))
    return [image for image in found if image.key[0] in first]


def of_operation(query: Query, op_id: str, first_seq: int, last_seq: int) -> list[RowImage]:
    """All rows that an operation changed, in the order in which it did."""
    found = _images(query.all(f"{_SELECT} AND seq BETWEEN ? AND ? ORDER BY seq", [first_seq, last_seq]))
    return [image for image in found if image.op_id == op_id]


def later(query: Query, image: RowImage) -> RowImage | None:
    """The next change of the same row, if there is one."""
    return next((each for each in of_row(query, image.table, image.key) if each.seq > image.seq), None)


def as_of(query: Query, table: str, keys: Iterable[Sequence[Any]], until: datetime) -> dict[tuple[Any, ...], Row]:
    """Rows of `keys` as they stood at a time, where they were changed since; rows made since are left out."""
    wanted, until = {tuple(key) for key in keys}, utc(until)
    about = f'"table":{to_text(table)}'
    found = query.all(f"{_SELECT} AND happened_at > ? AND contains(images, ?) ORDER BY seq", [naive(until), about])
    first: dict[tuple[Any, ...], Row | None] = {}
    for image in _images(found):
        if image.table == table and image.key in wanted and image.at > until:
            first.setdefault(image.key, image.before)
    return {key: row for key, row in first.items() if row is not None}


def begins(query: Query) -> datetime | None:
    """The time of the oldest change that is known."""
    row = query.one("SELECT min(happened_at) FROM events WHERE images IS NOT NULL")
    return None if row is None or row[0] is None else stored_time(row[0])


def old(query: Query, before: datetime) -> int:
    """How many events `before` a time have images."""
    return scalar(query, "SELECT count(*) FROM events WHERE images IS NOT NULL AND happened_at < ?", [naive(before)])


def forget(transaction: Transaction, before: datetime) -> None:
    """Drop the images of events that `old` counts; the events stay."""
    transaction.execute("UPDATE events SET images = NULL WHERE images IS NOT NULL AND happened_at < ?", [naive(before)])


def _images(rows: list[tuple[str]]) -> list[RowImage]:
    """Oldest first: a replay brings the images of many commits in one event."""
    found = [image for row in rows for image in msgspec.json.decode(row[0], type=list[RowImage])]
    return sorted(found, key=lambda image: image.seq)
