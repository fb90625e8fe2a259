"""Images of rows before they change, collected by a transaction and written with its last event.

An event carries them and no table of their own: one more row to insert costs a small mutation a fifth (measured).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import duckdb

from shopfloor.domain.codec import to_text
from shopfloor.domain.record import Record
from shopfloor.store import bulk

Row = dict[str, Any]


class RowImage(Record, frozen=True, kw_only=True):
    """A row before the change that event `seq` tells of; `before` is None where the row was made then.

    `key` is its primary key, `op_id` the operation that changed it, if a client asked for one. JSON columns are
    texts, times ISO texts in UTC without a zone.
    """

    table: str
    key: tuple[Any, ...]
    before: Row | None
    seq: int
    at: datetime
    actor: str
    op_id: str = ""


class _Rule(NamedTuple):
    """Of which changes of a table the image is kept.

    A row in one of the `passing` states is not decided yet: what a file goes through on arrival is nobody's decision.
    With `watched`, only changes of these columns count.
    """

    passing: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()


TRACKED: Mapping[str, _Rule] = {
    "files": _Rule(passing=("settling", "waiting", "staged")),
    "contract_revisions": _Rule(),
    "dataset_versions": _Rule(),
    "aliases": _Rule(),
    "model_versions": _Rule(),
    "models": _Rule(watched=("awaiting", "retired")),
    "alerts": _Rule(),
    "texts": _Rule(),
    "delivery_trust": _Rule(watched=("trust",)),
    "decision_thresholds": _Rule(),
    "value_costs": _Rule(),
    "score_answers": _Rule(),
}

_Name = tuple[str, tuple[Any, ...]]


class RowImages:
    """The images of one transaction: of each row it changes the first."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._read: dict[_Name, Row | None] = {}
        self._images: dict[_Name, Row | None] = {}
        self._outside: set[_Name] = set()
        self._seen: set[_Name] = set()  # put in this transaction: what is there now is no earlier image

    def row(self, table: str, key: tuple[Any, ...]) -> Row | None:
        """A row by its key. If it is put afterwards, it is not read again for its image."""
        found = bulk.row(self._connection, table, key)
        self._read.setdefault((table, key), found)
        return found

    def told(self, table: str, key: tuple[Any, ...], row: Row | None) -> None:
        """What a row is whose truth lies outside the database, as a text file does; before it is put."""
        self._read[table, key] = row
        self._outside.add((table, key))

    def note(self, table: str, row: Row) -> bool | None:
        """Keep the image of a row that is about to be put; whether the row is there, None for one not looked at."""
        rule = TRACKED.get(table)
        if rule is None:
            return None
        key = tuple(row[column] for column in bulk.primary_key(self._connection, table))
        name = (table, key)
        if name in self._seen:
            return True
        before = self._read[name] if name in self._read else self.row(table, key)
        if before is None or not _unchanged(rule, before, row):  # else a later put may still change what counts
            self._seen.add(name)
            if before is None or not _passes(rule, before):
                self._images[name] = before
        return None if name in self._outside else before is not None

    def note_many(self, table: str, rows: Sequence[Row]) -> None:
        """`note` for many rows that are mostly new or passing: only images that are to be kept are read."""
        rule = TRACKED.get(table)
        if rule is None:
            return
        columns = bulk.primary_key(self._connection, table)
        names = {(table, tuple(row[column] for column in columns)) for row in rows} - self._seen
        if not names:
            return
        self._seen |= names
        wanted = ", ".join(f"unnest(?::VARCHAR[]) AS {column}" for column in columns)
        same = " AND ".join(f"{table}.{column}::VARCHAR = wanted.{column}" for column in columns)
        passing = ", ".join(f"'{state}'" for state in rule.passing)
        found = self._connection.execute(
            f"SELECT {table}.* FROM {table} JOIN (SELECT {wanted}) wanted ON {same}"
            + (f" WHERE state NOT IN ({passing})" if passing else ""),
            [[str(key[place]) for _, key in names] for place in range(len(columns))],
        ).fetchall()
        for values in found:
            before = bulk.named(self._connection, table, values)
            self._images[table, tuple(before[column] for column in columns)] = before

    def take(self, seq: int, at: datetime, actor: str, op_id: str) -> list[RowImage]:
        """What was noted, as changes of event `seq`; noting begins anew."""
        images = [
            RowImage(table=table, key=key, before=before, seq=seq, at=at, actor=actor, op_id=op_id)
            for (table, key), before in self._images.items()
        ]
        self._read.clear()
        self._images.clear()
        self._outside.clear()
        self._seen.clear()
        return images

    def __bool__(self) -> bool:
        return bool(self._images)


def _passes(rule: _Rule, before: Row) -> bool:
    return bool(rule.passing) and before["state"] in rule.passing


def _unchanged(rule: _Rule, before: Row, row: Row) -> bool:
    return bool(rule.watched) and all(before[column] == row[column] for column in rule.watched)


def as_json(images: Sequence[RowImage]) -> str | None:
    """The column that holds them."""
    return to_text(images) if images else None
