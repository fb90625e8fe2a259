"""100,000 runs filtered and sorted, and 10,000 of them as a frame, against DuckDB alone on plain columns.

A plain table holds each metric and param in a column of its own, as nobody could who does not know their names in
advance.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import msgspec
import pyarrow.parquet as pq

from benchmarks.figure import Figure, seconds
from shopfloor.domain.clock import SystemClock
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.sdk.run_frame import read_frame
from shopfloor.statistics import metrics
from shopfloor.store import run_frame, runs
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction

_METRICS = ["roc_auc", *(f"metric_{number}" for number in range(19))]
_PARAMS = [f"param_{number}" for number in range(10)]
_SEARCH = runs.RunSearch(metrics.aliases(), text="auc>0.5 forest", sort="-metric.metric_3")
_SHOWN, _FRAMED = 100, 10_000


def run(smoke: bool) -> list[Figure]:
    """The fastest of several, by turns."""
    number, rounds = (2_000, 2) if smoke else (100_000, 15)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "journal").mkdir()
        store = Store(root / "m.duckdb", root / "journal", SystemClock(), workspace_id="w", on_commit=lambda _: None)
        store.write(lambda transaction: _fill(transaction, number))
        store.checkpoint()
        plain = _Plain(root / "plain.duckdb", number)
        ours, floor, frames, plain_frames = [], [], [], []
        for _ in range(rounds):
            ours.append(seconds(lambda: store.read(lambda query: runs.listing(query, _SEARCH, limit=_SHOWN, offset=0))))
            floor.append(seconds(plain.listing))
            frames.append(seconds(lambda: _frame(store, root / "ours.parquet")))
            plain_frames.append(seconds(lambda: plain.frame(root / "plain.parquet")))
        store.close()
    return [
        Figure("runs: filter and sort 100,000", min(ours), "s", min(floor), at_most=3),
        Figure("runs: 10,000 to a frame", min(frames), "s", min(plain_frames), at_most=5),
    ]


def _fill(transaction: Transaction, number: int) -> None:
    record = RunRecord(
        id="", model="m", state=RunState.SUCCEEDED, environment={"python": "3.12"}, trigger="you",
        params={name: place for place, name in enumerate(_PARAMS)},
    )  # fmt: skip
    values = ", ".join(f"'{name}': {_value(place)}" for place, name in enumerate(_METRICS))
    transaction.execute(
        f"""
        INSERT INTO runs
        SELECT 'r' || n, n, 'm' || n % 20, NULL, NULL, 'succeeded', {_value(0)}, n % 60, NULL, now()::TIMESTAMP,
               json_merge_patch(record, json_object('id', 'r' || n, 'metrics', {{{values}}})),
               'r' || n || ' succeeded forest', (record->'params')::JSON::VARIANT, {{{values}}}::VARIANT, NULL, NULL
        FROM (SELECT ?::JSON AS record), range(1, ? + 1) t(n)
        """,
        [msgspec.json.encode(record).decode(), number],
    )
    transaction.emit("runs.filled", "m", "for a benchmark", data={})


def _value(place: int) -> str:
    return f"hash(n * 100 + {place}) % 1000000 / 1000000"


def _frame(store: Store, target: Path) -> None:
    search = runs.RunSearch(metrics.aliases())
    columns = store.read(lambda query: run_frame.write(query, runs.numbers(query, search, _FRAMED), target))
    read_frame(target, columns)


class _Plain:
    """DuckDB alone."""

    def __init__(self, path: Path, number: int) -> None:
        self._connection = duckdb.connect(str(path), config={"threads": 2})
        values = [f"{_value(place)} AS {name}" for place, name in enumerate(_METRICS)]
        values += [f"'{place}' AS {name}" for place, name in enumerate(_PARAMS)]
        self._connection.execute(
            f"CREATE TABLE runs AS SELECT n AS number, 'r' || n || ' succeeded forest' AS words, {', '.join(values)} "
            f"FROM range(1, {number + 1}) t(n)"
        )
        self._connection.execute("CHECKPOINT")

    def listing(self) -> None:
        where = "FROM runs WHERE roc_auc > 0.5 AND contains(words, 'forest')"
        self._connection.execute(f"SELECT * {where} ORDER BY metric_3 DESC LIMIT {_SHOWN}").fetchall()
        self._connection.execute(f"SELECT count(*) {where}").fetchall()

    def frame(self, target: Path) -> None:
        newest = f"SELECT * FROM runs ORDER BY number DESC LIMIT {_FRAMED}"
        self._connection.execute(f"COPY ({newest}) TO '{target}' (FORMAT parquet)")
        pq.read_table(target).to_pandas()
