"""Runs that a script tracks one after the other until all are listed, against rows made durable one by one."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.engine import engine
from benchmarks.figure import Figure, seconds
from shopfloor.client.connection import EngineClient
from shopfloor.domain.codec import to_text
from shopfloor.sdk.workspace import Workspace

_PARAMS = {f"param_{number}": number for number in range(10)}
_METRICS = {f"metric_{number}": number / 7 for number in range(20)}


def run(smoke: bool) -> list[Figure]:
    """The disk is what both wait for, so the turns are whole: rows, runs, rows."""
    number = 20 if smoke else 1_000
    with engine() as (root, client):
        _track(client, 5)  # the first of a process loads what it needs
        before = seconds(lambda: _rows(root.parent / "before.duckdb", number))
        ours = seconds(lambda: _track(client, number))
        after = seconds(lambda: _rows(root.parent / "after.duckdb", number))
    return [Figure("runs tracked until listed", number / ours, "runs/s", 2 * number / (before + after), at_least=0.8)]


def _track(client: EngineClient, number: int) -> None:
    factory = Workspace(client)
    before = len(factory.runs())
    for _ in range(number):
        with factory.run(params=_PARAMS) as tracked:
            tracked.log_metrics(_METRICS)
    assert len(factory.runs(limit=before + number)) == before + number


def _rows(path: Path, number: int) -> None:
    text = to_text({"params": _PARAMS, "metrics": _METRICS})
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs (id VARCHAR PRIMARY KEY, record JSON)")
        for place in range(number):
            connection.execute("INSERT INTO runs VALUES (?, ?)", [f"r{place}", text])
