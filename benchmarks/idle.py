"""What an engine costs that has nothing to do."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from shopfloor.client.setup import init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.requests.workspace import Shutdown, StatusShow

_SECONDS = 30.0
_CPU_LIMIT = 0.01
_MEMORY_LIMIT_MB = 150.0


def run() -> list[Figure]:
    """CPU share of one core and resident memory of a fresh engine with default settings."""
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        client = connect(init_workspace(Path(folder) / "w"))
        pid = client.ask(StatusShow()).engine.pid
        time.sleep(3.0)  # the start itself is not idleness
        before = _cpu_seconds(pid)
        time.sleep(_SECONDS)
        share = (_cpu_seconds(pid) - before) / _SECONDS
        memory = _memory_mb(pid)
        client.ask(Shutdown())
    return [
        Figure("idle engine cpu", share, "cores", None, f"≤ {_CPU_LIMIT}", share <= _CPU_LIMIT),
        Figure("idle engine memory", memory, "MB", None, f"≤ {_MEMORY_LIMIT_MB:.0f} MB", memory <= _MEMORY_LIMIT_MB),
    ]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
