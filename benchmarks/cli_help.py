"""`shopfloor --help` against the bare interpreter."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.figure import Figure

_RUNS = 11
_LIMIT_SECONDS = 0.15


def run() -> list[Figure]:
    """The median of warm runs, the floor in turn with them."""
    ours, floor = [], []
    for _ in range(_RUNS):
        floor.append(_seconds([sys.executable, "-c", "pass"]))
        ours.append(_seconds([sys.executable, "-m", "shopfloor", "--help"]))
    value = statistics.median(ours[1:])
    return [
        Figure("cli help", value, "s", statistics.median(floor[1:]), f"≤ {_LIMIT_SECONDS} s", value <= _LIMIT_SECONDS)
    ]


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "100"})
    return time.perf_counter() - begun
