"""A gigabyte of CSV, from settled file to committed version, against DuckDB's bare copy to Parquet.

`SHOPFLOOR_BENCH_ROWS` (10,000,000) sets the size; `TMPDIR` the disk. Both sides read the same file from
the page cache. The engine hashes and copies the file, parses it with its contract, hashes and syncs
the part and commits; the floor parses and writes. CPU time is that of the engine and all its workers from the
delivery to the commit, and of the copy's process; the engine is not asked meanwhile how far it is, because its answers
would count as its work. Peak memory is the highest resident size that the worker which
parsed ever had, libraries included, and what the engine's own highest size grew by; the floor is the copy's process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure
from shopfloor.client.connection import EngineClient
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.workspace import StatusShow

_ROWS = int(os.environ.get("SHOPFLOOR_BENCH_ROWS", "10000000"))
_SETTLE = 1.0

# Twelve columns of the kinds that exports have: key, date, time, numbers, flag, categories, codes, gaps.
_MAKE = """
import duckdb, sys
duckdb.connect().execute(f'''COPY (
    SELECT i AS id, DATE '2024-01-01' + (i // 30000)::INTEGER AS day,
        TIMESTAMP '2024-01-01' + INTERVAL (i * 3) SECOND AS seen_at, (hash(i) % 1000000) / 1000 AS amount,
        (hash(i + 1) % 100000000) / 1000000 AS share, hash(i + 2) / 1.8446744073709552e19 AS noise,
        (hash(i + 3) % 1000000)::BIGINT AS count, hash(i + 4) % 10 < 3 AS flag,
        ['north', 'south', 'east', 'west'][1 + (hash(i + 5) % 4)::INTEGER] AS region,
        'C' || lpad((hash(i + 6) % 20000)::VARCHAR, 6, '0') AS customer, md5(i::VARCHAR)[:12] AS code,
        CASE WHEN hash(i + 7) % 10 > 0 THEN (hash(i + 8) % 1000) / 100 END AS gaps
    FROM range({sys.argv[1]}) t(i)) TO '{sys.argv[2]}' (HEADER)''')
"""
_COPY = """
import duckdb, resource, sys, time
begun = time.perf_counter()
duckdb.connect().execute(
    f"COPY (SELECT * FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)")
print(time.perf_counter() - begun, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class _Cost(NamedTuple):
    """Seconds by the clock, CPU seconds of all processes, and megabytes at the most."""

    seconds: float
    cpu: float
    memory: float


def run(smoke: bool) -> list[Figure]:
    """The best of some rounds on either side, taken in turn: these machines are noisy."""
    rows, rounds = (100_000, 1) if smoke else (_ROWS, 2)
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        source = Path(folder) / "rows.csv"
        _python(_MAKE, str(rows), str(source))
        bare = [_copy(source)]
        taken = []
        for _ in range(rounds):
            taken.append(_ingest(source))
            bare.append(_copy(source))
    name = f"ingest of {rows / 1e6:g} M rows"
    return [
        Figure(name, min(one.seconds for one in taken), "s", min(one.seconds for one in bare), at_most=1.25),
        Figure("its cpu time", min(one.cpu for one in taken), "s", min(one.cpu for one in bare), at_most=1.25),
        Figure("its peak memory", max(one.memory for one in taken), "MB", max(one.memory for one in bare), at_most=1.0),
    ]


def _copy(source: Path) -> _Cost:
    """The cost of the bare copy, in a process of its own."""
    target = source.with_name("bare.parquet")
    # DuckDB may draw a progress bar before it.
    seconds, cpu, kilobytes = map(float, _python(_COPY, str(source), str(target)).split()[-3:])
    target.unlink()
    return _Cost(seconds, cpu, kilobytes / 1024)


def _ingest(source: Path) -> _Cost:
    """The cost from settled to committed."""
    with engine(settle_seconds=str(_SETTLE)) as (root, client):
        _deliver(root, source.with_name("warm.csv"), "id\n1\n")
        idle(client)
        inbox = root / "inbox" / "rows"
        inbox.mkdir()
        shutil.copyfile(source, inbox / ".rows.csv.part")
        pid = client.ask(StatusShow()).engine.pid
        _wait_for_rest(pid)
        before, at_rest = _cpu_seconds(pid), _high_water(pid)
        os.rename(inbox / ".rows.csv.part", inbox / "rows.csv")
        landed = time.time()
        # Not until it is idle: what follows a commit is no part of it.
        _wait_for_part(root, 1)
        committed = _committed(client)
        cpu = _cpu_seconds(pid) - before
        memory = max(map(_high_water, _workers(pid))) + _high_water(pid) - at_rest
    return _Cost(committed.timestamp() - landed - _SETTLE, cpu, memory)


def _wait_for_part(root: Path, before: int) -> None:
    """Return when the workspace has more than `before` parts: the last step before the commit."""
    parts = root / ".shopfloor" / "objects" / "parts"
    while sum(1 for _ in parts.glob("*/*.parquet")) <= before:
        time.sleep(0.02)


def _committed(client: EngineClient) -> datetime:
    while True:
        events = client.ask(EventList(tail=100, subject="rows")).rows
        for event in events:
            if event.kind == "dataset.committed":
                return event.at
        time.sleep(0.02)


def _deliver(root: Path, staged: Path, text: str) -> None:
    """A first small file: the worker that parses is warm, as it is in any running workspace."""
    folder = root / "inbox" / "warm"
    folder.mkdir(parents=True)
    staged.write_text(text)
    os.rename(staged, folder / staged.name)
    time.sleep(_SETTLE)


def _workers(engine: int) -> list[int]:
    """The processes below the engine: the one that starts workers, and those that wait for their next call."""
    children = Path(f"/proc/{engine}/task").glob("*/children")
    direct = [int(child) for found in children for child in found.read_text().split()]
    return [process for child in direct for process in (child, *_workers(child))]


def _cpu_seconds(engine: int) -> float:
    """What the engine and its workers have used so far."""
    ticks = 0
    for process in (engine, *_workers(engine)):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # of the process and of its children that ended: user and system
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait_for_rest(engine: int) -> None:
    """Return when the workers have loaded what they will need, which is done once and beside other work."""
    before, now = -1.0, _cpu_seconds(engine)
    while now - before > 0.05:
        time.sleep(0.5)
        before, now = now, _cpu_seconds(engine)


def _high_water(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    return 0.0


def _python(code: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True).stdout
