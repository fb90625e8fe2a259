"""`shopfloor sql "select 1"`, from the command to the sandboxed child's answer, against a process of bare DuckDB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.engine import engine
from benchmarks.figure import Figure, seconds

_BARE = 'import duckdb; print(duckdb.sql("select 1").fetchall())'


def run(smoke: bool) -> list[Figure]:
    """The fastest of several, by turns: the question pays two starts of Python, the floor one."""
    ours, floor = [], []
    with engine() as (root, _):
        for _ in range(3 if smoke else 11):
            floor.append(seconds(lambda: _call(root, "-c", _BARE)))
            ours.append(seconds(lambda: _call(root, "-m", "shopfloor", "sql", "select 1")))
    return [Figure("sql: select 1", min(ours), "s", min(floor), at_most=3)]


def _call(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, cwd=root, stdout=subprocess.DEVNULL)
