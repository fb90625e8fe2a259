"""Profiles and previews agree with pandas."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sql import connect, name, text
from shopfloor.lake.figures import BINS
from shopfloor.lake.preview import preview
from shopfloor.lake.profile import profile
from shopfloor.lake.statistics_cache import StatisticsCache


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(memory_mb=300, temp=tmp_path_factory.mktemp("duck"))
    yield opened
    opened.close()


def write(path: Path, table: pa.Table) -> PartFile:
    pq.write_table(table, path)
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    return PartFile(path=str(path), sha256=sha, rows=table.num_rows)


COLUMNS = [
    Column(name="n", type=ColumnType.NUMBER),
    Column(name="s", type=ColumnType.TEXT),
    Column(name="later", type=ColumnType.INTEGER),
]


@pytest.fixture
def parts(tmp_path: Path) -> list[PartFile]:
    values = [float(i) for i in range(100)]
    return [
        write(tmp_path / "1", pa.table({"n": values, "s": ["a", "b"] * 50})),
        write(
            tmp_path / "2",
            pa.table({"n": [None, float("nan"), float("inf")], "s": ["a", None, "\x1b"], "later": [1, 2, 2]}),
        ),
    ]


@pytest.fixture
def cache(tmp_path: Path) -> StatisticsCache:
    return StatisticsCache(tmp_path / "cache")


def test_profile(connection: Any, parts: list[PartFile], cache: StatisticsCache) -> None:
    n, s, later = profile(connection, parts, COLUMNS, cache).columns
    assert (n.rows, n.missing, n.min, n.max, n.mean) == (103, 1, "0.0", "99.0", 49.5)
    assert len(n.edges) == BINS + 1
    assert n.histogram == (5,) * BINS
    assert (n.edges[0], n.edges[-1]) == (0.0, 99.0)
    assert s.top[:2] == (("a", 51), ("b", 50))
    assert (s.missing, s.distinct) == (1, 3)
    assert (later.missing, later.top) == (100, (("2", 2), ("1", 1)))
    assert sum(later.histogram) == 3


def test_profile_of_nothing_and_of_extremes(connection: Any, tmp_path: Path, cache: StatisticsCache) -> None:
    assert [p.rows for p in profile(connection, [], COLUMNS, cache).columns] == [0, 0, 0]
    part = write(tmp_path / "a", pa.table({"n": [-1.7e308, 1.7e308], "s": ["x" * 999, ""]}))
    n, s, _ = profile(connection, [part], COLUMNS, cache).columns
    assert n.histogram == ()
    assert s.max is not None
    assert len(s.max) == 200
    same = write(tmp_path / "b", pa.table({"n": [2.0, 2.0], "s": ["", ""]}))
    assert profile(connection, [same], COLUMNS, cache).columns[0].histogram == (2,)


def test_profile_refuses_damaged_bytes(connection: Any, parts: list[PartFile], cache: StatisticsCache) -> None:
    path = Path(parts[0].path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError):
        profile(connection, parts, COLUMNS, cache)


def test_preview_crosses_parts_in_order_and_is_printable(connection: Any, parts: list[PartFile]) -> None:
    names, rows = preview(connection, parts, COLUMNS, limit=4, offset=98)
    assert names == ["n", "s", "later"]
    assert rows == [("98.0", "a", ""), ("99.0", "b", ""), ("", "a", "1"), ("nan", "", "2")]
    assert preview(connection, parts, COLUMNS, limit=9, offset=102)[1] == [("inf", "\\e", "2")]
    assert preview(connection, parts, COLUMNS, limit=9, offset=103)[1] == []


def test_connection_is_fenced_in(connection: Any) -> None:
    for query in ("INSTALL httpfs", "LOAD httpfs", "SET memory_limit = '9GB'", "FROM connection"):
        with pytest.raises(duckdb.Error):
            connection.execute(query)
    assert connection.execute("SELECT TIMESTAMPTZ '2026-01-01 00:00+02'::TIMESTAMP::VARCHAR").fetchone() == (
        "2025-12-31 22:00:00",
    )


def test_quoting(connection: Any) -> None:
    odd = "a\"b'c;--"
    row = connection.execute(f"SELECT {text(odd)} AS {name(odd)}")
    assert [column[0] for column in row.description] == [odd]
    assert row.fetchone() == (odd,)


@pytest.mark.parametrize(
    "module", ["lake.objects", "lake.manifest", "lake.diff", "lake.frame", "lake.preview", "lake.records"]
)
def test_lake_and_intake_records_are_light(module: str) -> None:
    code = (
        f"import sys, shopfloor.{module}, shopfloor.intake.records, shopfloor.arrival.scan, "
        "shopfloor.arrival.settle, shopfloor.arrival.claim, shopfloor.arrival.quarantine; "
        "print(sorted({'duckdb', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"
