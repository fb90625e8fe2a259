"""What an engine costs that has nothing to do, against a bare process of the same libraries."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.engine import engine
from benchmarks.figure import Figure
from shopfloor.domain.requests.workspace import StatusShow

# An open database, the libraries of the socket and of the watch, and a look at the clock ten times a second.
_BARE = """
import time
import duckdb, starlette.applications, uvicorn, watchdog.observers
connection = duckdb.connect()
connection.execute("SELECT 1").fetchall()
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""


def run(smoke: bool) -> list[Figure]:
    """CPU seconds and resident memory of a fresh engine with default settings."""
    rest, measured = (1.0, 3.0) if smoke else (3.0, 30.0)
    with engine() as (_, client), subprocess.Popen([sys.executable, "-c", _BARE], stdout=subprocess.PIPE) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        processes = (client.ask(StatusShow()).engine.pid, bare.pid)
        time.sleep(rest)  # the start itself is not idleness
        before = [_cpu_seconds(pid) for pid in processes]
        time.sleep(measured)
        cpu, bare_cpu = (_cpu_seconds(pid) - one for pid, one in zip(processes, before, strict=True))
        memory, bare_memory = (_memory_mb(pid) for pid in processes)
        bare.kill()
    return [
        Figure(f"idle engine's cpu in {measured:g} s", cpu, "s", bare_cpu, at_most=10),
        Figure("idle engine's memory", memory, "MB", bare_memory, at_most=1.5),
    ]


def _cpu_seconds(pid: int) -> float:
    """CPU time of all threads; the scheduler counts nanoseconds, `stat` only hundredths."""
    return sum(int(one.read_text().split()[0]) for one in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
