"""A table of 2,000 columns, read for the first time and again, against DuckDB's bare copy to Parquet.

Both sides read the same file in this process, by CPU seconds. The floor finds out the types itself; what is read
again has its contract.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.figure import Figure, cpu_seconds
from shopfloor.domain.contract import Contract
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.ingest import ingest
from shopfloor.intake.records import IntakeResult, IntakeSpec

_MAKE = """COPY (SELECT {items} FROM range({rows}) t(i)) TO '{path}' (HEADER)"""
_KINDS = (
    *(f"CASE WHEN hash(i + {{c}}) % 50 > {gap} THEN (hash(i * {{c}} + 1) % 100000) / 10000 END" for gap in range(7)),
    "(hash(i + {c}) % 100000)::BIGINT",
    "'w' || hash(i + {c}) % 50",
    "DATE '2026-01-01' + (hash(i + {c}) % 300)::INTEGER",
)


def run(smoke: bool) -> list[Figure]:
    """The best of some rounds on either side, taken in turn."""
    rows, columns, rounds = (300, 200, 1) if smoke else (3000, 2000, 2)
    first, again, bare = [], [], []
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        root = Path(folder)
        source = root / "wide.csv"
        _write(source, rows, columns)
        for number in range(rounds):
            bare.append(cpu_seconds(partial(_copy, source)))
            taken, cpu = _ingest(source, root / f"first{number}", None)
            first.append(cpu)
            again.append(_ingest(source, root / f"again{number}", taken.contract)[1])
    return [
        Figure(f"first ingest of {columns:,} columns", min(first), "s", min(bare), at_most=3.0),
        Figure("the next such file", min(again), "s", min(bare), at_most=3.0),
    ]


def _write(path: Path, rows: int, columns: int) -> None:
    # A statement of so many columns is slow to plan: some hundred at a time, side by side.
    parts = []
    for start in range(0, columns, 100):
        items = (f"{_KINDS[c % 10].format(c=c)} AS c{c}" for c in range(start, min(start + 100, columns)))
        part = path.with_name(f"{start}.csv")
        with duckdb.connect() as connection:
            connection.execute(_MAKE.format(items=", ".join(items), rows=rows, path=part))
        parts.append(part.read_text().splitlines())
        part.unlink()
    path.write_text("".join(",".join(line) + "\n" for line in zip(*parts, strict=True)))


def _copy(source: Path) -> None:
    target = source.with_name("bare.parquet")
    duckdb.connect().execute(
        f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def _ingest(source: Path, staging: Path, contract: Contract | None) -> tuple[IntakeResult, float]:
    """The result and its CPU seconds."""
    file = StagedFile(id="wide", path=str(source), original_name=source.name, sha256="", bytes=source.stat().st_size)
    spec = IntakeSpec(
        dataset="wide", files=(file,), staging=str(staging), objects=str(staging / "objects"), contract=contract
    )
    begun = time.process_time()
    found = ingest(spec, lambda share, stage: None)
    if found.rows == 0:
        raise RuntimeError(f"the file was not taken in: {found.files[0].reason}")
    return found, time.process_time() - begun
