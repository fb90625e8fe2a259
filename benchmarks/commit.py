"""A small mutation from the writer's thread to the disk, and what the history of rows adds to it.

The mutation acknowledges an alert: it reads it, puts it, tells one event and remembers its answer. Its floor is what
DuckDB takes for the same rows in one transaction by one connection, without a journal, a second look or a history.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec

from benchmarks.figure import Figure, seconds
from shopfloor.domain.clock import SystemClock
from shopfloor.domain.codec import to_text
from shopfloor.domain.monitor import AlertRecord
from shopfloor.store import alerts, database, images, migrate, operations
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(smoke: bool) -> list[Figure]:
    """Fast ones of mutations by turns, as a slow one is the disk's: bare, as the store does it, without a history."""
    bare, without, ours = [], [], []
    with tempfile.TemporaryDirectory() as folder, _store(Path(folder) / "ours") as store:
        alert = store.write(lambda tx: alerts.create(tx, _alert()))
        floor = _Floor(Path(folder) / "bare.duckdb", alert)
        for number in range(20 if smoke else 400):
            bare.append(seconds(lambda: floor.commit(number)))  # noqa: B023
            ours.append(seconds(lambda: _acknowledge(store, alert, f"a{number}")))  # noqa: B023
            with _no_history():
                without.append(seconds(lambda: _acknowledge(store, alert, f"b{number}")))  # noqa: B023
        floor.connection.close()
    return [
        Figure("commit: one small mutation", _fast(ours), "s", _fast(bare), at_most=1.5),
        Figure("commit: its history kept", _fast(ours), "s", _fast(without), at_most=1.1),
    ]


def _fast(times: list[float]) -> float:
    return sorted(times)[len(times) // 10]


def _alert() -> AlertRecord:
    evidence = {"bins": list(range(40))}
    return AlertRecord(id="", subject="m", check="feature_drift", opened_at=_NOW, updated_at=_NOW, evidence=evidence)


def _acknowledge(store: Store, alert: AlertRecord, op_id: str) -> None:
    def change(transaction: Transaction) -> None:
        transaction.actor, transaction.op_id = "ada", op_id
        assert operations.answered(transaction, op_id) is None
        noted = msgspec.structs.replace(alerts.get(transaction, alert.id), note=op_id)
        first = transaction.seq + 1
        alerts.put(transaction, noted)
        transaction.emit("alert.acknowledged", "m", "Alert a1 on m acknowledged", actor="ada", data={"alert": alert.id})
        operations.record(transaction, op_id, "alert.ack", to_text(noted), first_seq=first)

    store.write(change)


class _Floor:
    """DuckDB alone, with the same tables, settings and rows."""

    def __init__(self, path: Path, alert: AlertRecord) -> None:
        migrate.create(path, "w")
        self.connection: duckdb.DuckDBPyConnection = database.connect(path)[0]
        self._text = to_text(alert)
        self.connection.execute(
            "INSERT INTO alerts VALUES ('a1', 1, 'm', 'feature_drift', 'open', ?, ?, NULL, ?)",
            [_NOW.replace(tzinfo=None), _NOW.replace(tzinfo=None), self._text],
        )

    def commit(self, number: int) -> None:
        at = _NOW.replace(tzinfo=None)
        execute = self.connection.execute
        execute("BEGIN")
        execute("UPDATE alerts SET state = ?, updated_at = ?, record = ? WHERE id = 'a1'", ["open", at, self._text])
        execute(
            "INSERT INTO events VALUES (?, ?, 'alert.acknowledged', 'm', 'ada', 'Alert a1', '{}', NULL)", [number, at]
        )
        execute(
            "INSERT INTO operations VALUES (?, 'alert.ack', ?, ?, 'ada', ?, ?)", [f"o{number}", at, self._text, 1, 1]
        )
        execute("COMMIT")


@contextmanager
def _store(folder: Path) -> Iterator[Store]:
    (folder / "journal").mkdir(parents=True)
    store = Store(
        folder / "m.duckdb", folder / "journal", SystemClock(), workspace_id="w", on_commit=lambda events: None
    )
    yield store
    store.close()


@contextmanager
def _no_history() -> Iterator[None]:
    tracked, images.TRACKED = images.TRACKED, {}
    try:
        yield
    finally:
        images.TRACKED = tracked
