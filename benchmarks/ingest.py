"""A gigabyte of CSV, from settled file to committed version, against DuckDB's bare copy to Parquet.

`SHOPFLOOR_BENCH_ROWS` (10,000,000) sets the size; `TMPDIR` the disk. Both sides read the same file from
the page cache. The engine hashes and copies the file, parses it with its contract, hashes and syncs
the part and commits; the floor parses and writes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure
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
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


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
    seconds, floor = min(one[0] for one in taken), min(one[0] for one in bare)
    memory, copy_memory = max(one[1] for one in taken), max(one[1] for one in bare)
    return [
        Figure(f"ingest of {rows / 1e6:g} M rows", seconds, "s", floor, at_most=1.5),
        Figure("its peak memory", memory, "MB", copy_memory, at_most=1.0),
    ]


def _copy(source: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of the bare copy, in a process of its own."""
    target = source.with_name("bare.parquet")
    # DuckDB may draw a progress bar before it.
    seconds, kilobytes = _python(_COPY, str(source), str(target)).split()[-2:]
    target.unlink()
    return float(seconds), float(kilobytes) / 1024


def _ingest(source: Path) -> tuple[float, float]:
    """Seconds from settled to committed, and the peak megabytes of engine and parser together."""
    with engine(settle_seconds=str(_SETTLE)) as (root, client):
        _deliver(root, source.with_name("warm.csv"), "id\n1\n")
        idle(client)
        inbox = root / "inbox" / "rows"
        inbox.mkdir()
        shutil.copyfile(source, inbox / ".rows.csv.part")
        os.rename(inbox / ".rows.csv.part", inbox / "rows.csv")
        landed = time.time()
        time.sleep(_SETTLE)
        idle(client)
        events = client.ask(EventList(tail=100, subject="rows")).rows
        committed = next(event.at for event in events if event.kind == "dataset.committed")
        memory = _peak_megabytes(client.ask(StatusShow()).engine.pid)
    return committed.timestamp() - landed - _SETTLE, memory


def _deliver(root: Path, staged: Path, text: str) -> None:
    """A first small file: the worker that parses is warm, as it is in any running workspace."""
    folder = root / "inbox" / "warm"
    folder.mkdir(parents=True)
    staged.write_text(text)
    os.rename(staged, folder / staged.name)
    time.sleep(_SETTLE)


def _peak_megabytes(engine: int) -> float:
    """The highest resident size that the engine and its light worker ever had, summed."""
    total = _high_water(engine)
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = f"PPid:\t{engine}\n" in status.read_text()
            light = "light" in (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent and light:
            total += _high_water(int(status.parent.name))
    return total


def _high_water(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    return 0.0


def _python(code: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True).stdout
