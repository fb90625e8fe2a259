"""A thousand small files dropped together, from settled to committed, against a raw loop in groups.

The floor reads the same files with known columns in groups of a hundred, hashes each file and commits
each group; it keeps no ledger, looks at no contract and survives no kill.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import duckdb

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure
from shopfloor.client.connection import EngineClient
from shopfloor.domain.requests.jobs import EventList

_ROWS = 100
_SETTLE = 1.0
_GROUP = 100


def run(smoke: bool) -> list[Figure]:
    """Files a second, the best of some rounds on either side, taken in turn."""
    count, rounds = (100, 1) if smoke else (1000, 3)
    ours, bare = [], []
    with engine(settle_seconds=str(_SETTLE)) as (root, client):
        for number in range(rounds + 1):
            files = _write(root / f"round{number}", number, count)
            bare.append(count / _raw(files, root.parent / f"{number}.duckdb"))
            ours.append(count / _deliver(root, client, files, f"d{number}"))
    value, floor = max(ours[1:]), max(bare[1:])  # the first round warms the worker
    return [Figure(f"{count:,} files in one burst", value, "files/s", floor, at_least=0.8)]


def _write(folder: Path, salt: int, count: int) -> list[Path]:
    folder.mkdir()
    files = []
    for number in range(count):
        lines = [
            f"{salt}-{number}-{row},{row / 2},{row % 7},r{row % 5},2026-01-{1 + row % 28:02d}" for row in range(_ROWS)
        ]
        files.append(folder / f"f{number:05d}.csv")
        files[-1].write_text("id,size,count,region,day\n" + "\n".join(lines) + "\n")
    return files


def _raw(files: list[Path], database: Path) -> float:
    connection = duckdb.connect(str(database))
    connection.execute("CREATE TABLE t (id VARCHAR, size DOUBLE, count BIGINT, region VARCHAR, day DATE)")
    columns = "{'id': 'VARCHAR', 'size': 'DOUBLE', 'count': 'BIGINT', 'region': 'VARCHAR', 'day': 'DATE'}"
    begun = time.perf_counter()
    for start in range(0, len(files), _GROUP):
        group = files[start : start + _GROUP]
        for file in group:
            hashlib.sha256(file.read_bytes()).hexdigest()
        listed = ", ".join(f"'{file}'" for file in group)
        connection.execute(f"INSERT INTO t SELECT * FROM read_csv([{listed}], columns = {columns}, header = true)")
    return time.perf_counter() - begun


def _deliver(root: Path, client: EngineClient, files: list[Path], dataset: str) -> float:
    """Seconds from the moment when all files had settled to the last commit."""
    inbox = root / "inbox" / dataset
    inbox.mkdir(parents=True)
    for file in files:
        os.rename(file, inbox / file.name)
    settled = time.time() + _SETTLE
    time.sleep(_SETTLE)
    idle(client)
    events = client.ask(EventList(tail=500, subject=dataset)).rows
    last = max(event.at for event in events if event.kind == "dataset.committed")
    return last.timestamp() - settled
