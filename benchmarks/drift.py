"""The checks of new rows against stored references: one large delivery, and many models with a small one each.

The floor is one DuckDB `SUMMARIZE` of the same parts: it passes over every column once and keeps counts and quantiles.
Each side has a process of its own, which has loaded its libraries before its seconds begin; CPU seconds count, and the
most memory that the process ever had. The fleet's models share some references and parts, each of which is read and
judged anew for every model; each has deliveries behind it. A thousand models within a minute on two cores of 2026 are
about four times the floor, and half a gigabyte is about twice its memory.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from benchmarks.figure import Figure
from shopfloor.domain.codec import to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.handles import PartFile
from shopfloor.lake.frame import read_parts
from shopfloor.monitoring.records import CheckSpec
from shopfloor.monitoring.reference import build_reference
from shopfloor.monitoring.run_checks import run_checks
from shopfloor.workspace.digests import file_sha256

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Of ten columns: one with gaps, whole numbers, one skewed, and a category of few and one of many levels.
_KINDS = (
    (ColumnType.NUMBER, "(hash(i, {c}) % 1000000) / 1000"),
    (ColumnType.NUMBER, "CASE WHEN hash(i, {c}) % 10 > 0 THEN (hash(i, {c}, 1) % 100000) / 100 END"),
    (ColumnType.INTEGER, "(hash(i, {c}) % 100)::BIGINT"),
    (ColumnType.NUMBER, "ln(1 + hash(i, {c}) % 1000000)"),
    (ColumnType.TEXT, "'level ' || (hash(i, {c}) % 12)"),
    (ColumnType.NUMBER, "(hash(i, {c}) % 1000) / 10"),
    (ColumnType.INTEGER, "(hash(i, {c}) % 1000000)::BIGINT"),
    (ColumnType.TEXT, "'item ' || (hash(i, {c}) % 2000)"),
    (ColumnType.NUMBER, "sqrt(hash(i, {c}) % 1000000)"),
    (ColumnType.NUMBER, "(hash(i, {c}) % 1000000) / 7"),
)
_CHECK = """
import sys, time
from pathlib import Path
from shopfloor.domain.codec import from_json
from shopfloor.monitoring.records import CheckSpec
from shopfloor.monitoring.run_checks import run_checks
specs = from_json(Path(sys.argv[1]).read_bytes(), tuple[CheckSpec, ...])
begun = time.process_time()
for spec in specs:
    assert len(run_checks(spec, lambda share, stage: None).results) >= len(spec.columns)
print(time.process_time() - begun, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
_SUMMARIZE = """
import sys, time
from pathlib import Path
import duckdb
connection = duckdb.connect()
paths = Path(sys.argv[1]).read_text().splitlines()
begun = time.process_time()
for path in paths:
    connection.execute(f"SUMMARIZE SELECT * FROM read_parquet('{path}')").fetchall()
print(time.process_time() - begun, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


class _Cost(NamedTuple):
    """CPU seconds, and megabytes at the most."""

    cpu: float
    memory: float


def run(smoke: bool) -> list[Figure]:
    """The best of some rounds on either side, taken in turn."""
    rows, models, kinds = (20_000, 4, 2) if smoke else (1_000_000, 200, 20)
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as name:
        folder = Path(name)
        large, bare = _compared(folder / "large", [_spec(folder / "large", rows, columns=30)], 1 if smoke else 2)
        few = [_with_past(_spec(folder / f"model{number}", 1000, columns=20, first=number)) for number in range(kinds)]
        fleet, each = _compared(folder / "fleet", few * (models // kinds), 1)
    return [
        Figure(f"drift of {rows:,} × 30 rows / SUMMARIZE", large.cpu, "s", bare.cpu, at_most=0.4),
        Figure("its peak memory", large.memory, "MB", bare.memory, at_most=2.0),
        Figure(f"checks of {models:,} models / SUMMARIZE of each", fleet.cpu, "s", each.cpu, at_most=4.0),
    ]


def _compared(folder: Path, specs: list[CheckSpec], rounds: int) -> tuple[_Cost, _Cost]:
    """What the checks cost, and what the floor does."""
    folder.mkdir(exist_ok=True)
    asked, paths = folder / "specs.json", folder / "paths"
    asked.write_bytes(to_json(specs))
    paths.write_text("\n".join(part.path for spec in specs for part in spec.data))
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(_child(_SUMMARIZE, paths))
        ours.append(_child(_CHECK, asked))
    return _least(ours), _least(bare)


def _spec(folder: Path, rows: int, *, columns: int, first: int = 0) -> CheckSpec:
    """New rows, and a reference of as many others, at most a fifth of a million."""
    folder.mkdir()
    schema = tuple(Column(name=f"c{c}", type=_KINDS[c % 10][0]) for c in range(columns))
    learned = _part(folder / "learned.parquet", min(rows, 200_000), schema, -(first + 1) * rows)
    reference = build_reference(
        read_parts([learned], schema), schema, model="m", task=Task.REGRESSION, metric="r2", created_at=_NOW
    )
    (folder / "reference.json").write_bytes(to_json(reference))
    return CheckSpec(
        definition=ModelDefinition(name="m", dataset="d", target="y", task=Task.REGRESSION),
        model_version=1,
        task=Task.REGRESSION,
        metric="r2",
        reference_path=str(folder / "reference.json"),
        columns=schema,
        data=(_part(folder / "new.parquet", rows, schema, first * rows),),
        now=_NOW,
    )


def _with_past(spec: CheckSpec) -> CheckSpec:
    """After three deliveries, which were in order."""
    for days in (3, 2, 1):
        past = msgspec.structs.replace(spec, now=_NOW - timedelta(days=days))
        found = run_checks(past, lambda share, stage: None).results
        spec = msgspec.structs.replace(spec, history=(*found, *spec.history))
    return spec


def _part(path: Path, rows: int, schema: tuple[Column, ...], first: int) -> PartFile:
    items = ", ".join(f"{_KINDS[c % 10][1].format(c=c)} AS {column.name}" for c, column in enumerate(schema))
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {items} FROM range({first}, {first + rows}) t(i)) TO '{path}' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    return PartFile(path=str(path), sha256=file_sha256(path), rows=rows)


def _child(code: str, asked: Path) -> _Cost:
    done = subprocess.run([sys.executable, "-c", code, str(asked)], check=True, capture_output=True, text=True)
    # DuckDB may draw a progress bar before it.
    cpu, kilobytes = map(float, done.stdout.split()[-2:])
    return _Cost(cpu, kilobytes / 1024)


def _least(costs: list[_Cost]) -> _Cost:
    return _Cost(min(cost.cpu for cost in costs), min(cost.memory for cost in costs))
