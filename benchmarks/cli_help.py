"""`shopfloor --help` against the bare interpreter."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.figure import Figure, seconds


def run(smoke: bool) -> list[Figure]:
    """The median of warm runs, the floor in turn with them."""
    ours, floor = [], []
    for _ in range(4 if smoke else 11):
        floor.append(seconds(lambda: _call("-c", "pass")))
        ours.append(seconds(lambda: _call("-m", "shopfloor", "--help")))
    return [Figure("cli help", statistics.median(ours[1:]), "s", statistics.median(floor[1:]), at_most=8)]


def _call(*arguments: str) -> None:
    environ = {**os.environ, "COLUMNS": "100"}
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=environ)
