"""A page in the middle of 100,000 alerts, the most urgent first, against sorting their keys once."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.figure import Figure, seconds
from shopfloor.domain.clock import SystemClock
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.store import alerts
from shopfloor.store.rows import Query
from shopfloor.store.store import Store

_ALERTS = 100_000
_PAGE = 100
_EVIDENCE = {"bins": list(range(200)), "text": "x" * 2000}


def run(smoke: bool) -> list[Figure]:
    """The fastest of several, by turns."""
    count = 5_000 if smoke else _ALERTS
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "journal").mkdir()
        store = Store(
            Path(folder) / "m.duckdb", Path(folder) / "journal", SystemClock(), workspace_id="w", on_commit=len
        )
        _fill(store, count)
        page, floor = [], []
        for _ in range(3 if smoke else 20):
            page.append(seconds(lambda: store.read(lambda query: _page(query, count // 2))))
            floor.append(seconds(lambda: store.read(lambda query: _raw(query, count // 2))))
        store.close()
    return [Figure(f"alerts: a page of {_PAGE} in {count:,}", min(page), "s", min(floor), at_most=8)]


def _page(query: Query, offset: int) -> None:
    found = alerts.listing(query, subject="", state="", text="", limit=_PAGE, offset=offset, urgent_first=True)
    assert len(found.rows) == _PAGE


def _raw(query: Query, first: int) -> None:
    rows = query.all(f"SELECT number FROM alerts ORDER BY state, number DESC LIMIT {_PAGE} OFFSET ?", [first])
    assert len(rows) == _PAGE


def _fill(store: Store, count: int) -> None:
    now = datetime.now(UTC)
    alert = AlertRecord(
        id="", subject="m", check="feature_drift", opened_at=now, updated_at=now, message="m" * 100, evidence=_EVIDENCE
    )
    record = msgspec.json.encode(alert).decode()
    for start in range(0, count, 5_000):
        numbers = range(start, start + 5_000)
        columns = {
            "id": [f"a{number}" for number in numbers],
            "number": list(numbers),
            "subject": [f"m{number % 1000}" for number in numbers],
            "check_code": ["feature_drift" for _ in numbers],
            "state": [AlertState.RESOLVED if number % 50 else AlertState.OPEN for number in numbers],
            "opened_at": [now for _ in numbers],
            "updated_at": [now for _ in numbers],
            "resolved_at": [None for _ in numbers],
            "record": [record for _ in numbers],
        }
        store.write(lambda transaction, columns=columns: transaction.insert_columns("alerts", columns))
