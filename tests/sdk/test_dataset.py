"""Reading a dataset version: types, evolved columns, damaged bytes."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sdk.recording import Engine

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, IntegrityError, UsageError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetFilesShow
from shopfloor.sdk.workspace import Workspace

COLUMNS = (
    Column(name="id", type=ColumnType.INTEGER),
    Column(name="amount", type=ColumnType.NUMBER),
    Column(name="plan", type=ColumnType.TEXT),
    Column(name="active", type=ColumnType.BOOLEAN),
    Column(name="day", type=ColumnType.DATE),
    Column(name="at", type=ColumnType.TIMESTAMP),
    Column(name="late", type=ColumnType.INTEGER),
)


def part(folder: Path, table: pa.Table) -> PartFile:
    path = folder / f"{table.num_rows}-{len(table.column_names)}.parquet"
    pq.write_table(table, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return PartFile(path=str(path), sha256=digest, rows=table.num_rows)


@pytest.fixture
def parts(tmp_path: Path) -> tuple[PartFile, ...]:
    old = pa.table({
        "id": pa.array([1, 2], pa.int32()),
        "amount": pa.array([1, 2]),
        "plan": ["a", None],
        "active": [True, None],
        "day": pa.array([date(2026, 6, 1), None]),
        "at": pa.array([pd.Timestamp(2026, 6, 1, 9), None], pa.timestamp("ms", "UTC")),
    })  # fmt: skip
    new = pa.table({
        "at": pa.array([pd.Timestamp(2026, 6, 2, 9)], pa.timestamp("us")),
        "id": [3], "amount": [0.5], "plan": ["b"], "active": [False],
        "day": pa.array([pd.Timestamp(2026, 6, 2)], pa.timestamp("us")), "late": [7],
    })  # fmt: skip
    return part(tmp_path, old), part(tmp_path, new)


def workspace(root: Path, parts: tuple[PartFile, ...]) -> tuple[Workspace, Engine]:
    files = DatasetFiles(dataset="churn", version=3, columns=COLUMNS, parts=parts)
    engine = Engine(root, {DatasetFilesShow: lambda request: files})
    return Workspace(engine), engine  # type: ignore[arg-type]


def test_a_version_is_fixed_when_it_is_opened(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    factory, engine = workspace(tmp_path, parts)
    dataset = factory.dataset("churn")
    assert engine.asked == [DatasetFilesShow(ref="churn")]
    assert (dataset.name, dataset.version, dataset.ref, len(dataset)) == ("churn", 3, "churn@3", 3)
    assert repr(dataset) == "Dataset('churn@3', 3 rows)"
    dataset.frame()
    assert len(engine.asked) == 1


def test_types_of_a_frame(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    frame = workspace(tmp_path, parts)[0].dataset("churn@3").frame()
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert {name: str(kind) for name, kind in frame.dtypes.items() if name != "plan"} == {
        "id": "int64", "amount": "float64", "active": "boolean", "day": "datetime64[us]", "at": "datetime64[us]",
        "late": "Int64",
    }  # fmt: skip
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["plan"].tolist()[::2] == ["a", "b"]
    assert frame["plan"].isna().tolist() == [False, True, False]
    assert frame["late"].isna().tolist() == [True, True, False]
    assert frame["day"].tolist()[0] == pd.Timestamp(2026, 6, 1)
    assert frame["at"].tolist()[::2] == [pd.Timestamp(2026, 6, 1, 9), pd.Timestamp(2026, 6, 2, 9)]
    assert isinstance(frame.index, pd.RangeIndex)


def test_some_columns_in_their_order(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    dataset = workspace(tmp_path, parts)[0].dataset("churn@3")
    assert dataset.arrow(["late", "id"]).column_names == ["late", "id"]
    with pytest.raises(DataError) as caught:
        dataset.frame(["amuont"])
    assert "'amount'" in caught.value.hint


def test_a_version_without_parts_is_an_empty_frame(tmp_path: Path) -> None:
    frame = workspace(tmp_path, ())[0].dataset("churn").frame()
    assert (len(frame), list(frame.columns)) == (0, [column.name for column in COLUMNS])


def test_changed_bytes_are_not_read(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    path = Path(parts[1].path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="has changed on disk"):
        workspace(tmp_path, parts)[0].dataset("churn").frame()
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        workspace(tmp_path, parts)[0].dataset("churn").frame()


def test_a_relative_path_is_of_the_workspace(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    relative = tuple(PartFile(path=Path(each.path).name, sha256=each.sha256, rows=each.rows) for each in parts)
    assert len(workspace(tmp_path, relative)[0].dataset("churn").frame()) == 3


def test_a_type_that_does_not_fit_names_the_column(tmp_path: Path) -> None:
    bad: Any = part(tmp_path, pa.table({"id": ["x"]}))
    with pytest.raises(DataError, match="'id' cannot be read as int64"):
        workspace(tmp_path, (bad,))[0].dataset("churn").frame()


def test_batches_are_read_part_by_part(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    dataset = workspace(tmp_path, parts)[0].dataset("churn@3")
    assert dataset.batches().read_all() == dataset.arrow()
    assert [batch.num_rows for batch in dataset.batches(["late"], rows=1)] == [1, 1, 1]
    assert dataset.batches(["late"]).read_all()["late"].to_pylist() == [None, None, 7]
    reader = dataset.batches(["id"])
    Path(parts[1].path).unlink()
    assert reader.read_next_batch().num_rows == 2
    with pytest.raises(Exception, match="is missing"):
        reader.read_next_batch()


def test_sql_over_one_version(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    dataset = workspace(tmp_path, parts)[0].dataset("churn@3")
    assert dataset.sql("SELECT count(*) AS n, sum(late) AS late FROM dataset").to_dict("list") == {
        "n": [3],
        "late": [7],
    }
    columns = dataset.sql("DESCRIBE dataset")
    assert columns["column_type"].tolist() == ["BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "BIGINT"]
    twice = dataset.sql("SELECT a.id FROM dataset a JOIN dataset b USING (id) ORDER BY ALL")
    assert twice["id"].tolist() == [1, 2, 3]
    assert dataset.sql("SELECT late FROM dataset ORDER BY id")["late"].isna().tolist() == [True, True, False]
    assert dataset.sql('SELECT "at" FROM dataset ORDER BY id')["at"].tolist()[0] == pd.Timestamp(2026, 6, 1, 9)
    with pytest.raises(UsageError, match="lat") as caught:
        dataset.sql("SELECT lat FROM dataset")
    assert "late" in caught.value.hint
    assert dataset.sql("SELECT 1 AS a, 2 AS a").shape == (1, 2)


def test_sql_over_a_version_without_parts(tmp_path: Path) -> None:
    assert workspace(tmp_path, ())[0].dataset("churn").sql("SELECT count(id) AS n FROM dataset")["n"].tolist() == [0]


def test_every_way_of_reading_fills_what_older_parts_lack(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    dataset = workspace(tmp_path, parts)[0].dataset("churn@3")
    assert dataset.arrow().schema.field("late").type == pa.int64()
    assert dataset.batches().schema == dataset.arrow().schema
    assert str(dataset.frame()["late"].dtype) == "Int64"
    assert str(dataset.sql("SELECT * FROM dataset")["late"].dtype) == "Int64"
    old = workspace(tmp_path, parts[:1])[0].dataset("churn@3")
    for table in (old.arrow(["late"]), old.batches(["late"]).read_all()):
        assert (table["late"].type, table["late"].null_count) == (pa.int64(), 2)
    assert str(old.sql("SELECT late FROM dataset")["late"].dtype) == "Int64"


def test_parts_are_plain_parquet_for_any_tool(tmp_path: Path, parts: tuple[PartFile, ...]) -> None:
    dataset = workspace(tmp_path, parts)[0].dataset("churn@3")
    paths = dataset.parts()
    assert [pq.read_table(path).num_rows for path in paths] == [2, 1]
    assert [len(pd.read_parquet(path)) for path in paths] == [2, 1]
    listed = [str(path) for path in paths]
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT count(*), sum(late) FROM read_parquet({listed}, union_by_name = true)"
        ).fetchall()
    assert rows == [(3, 7)]
    with pytest.raises(DataError, match="has 2 parts") as caught:
        _ = dataset.path
    assert ".parts()" in caught.value.hint
    assert workspace(tmp_path, parts[1:])[0].dataset("churn@3").path == Path(parts[1].path)


@pytest.mark.parametrize("read", ["parts", "sql", "batches"])
def test_no_way_of_reading_takes_changed_bytes(tmp_path: Path, parts: tuple[PartFile, ...], read: str) -> None:
    path = Path(parts[0].path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    dataset = workspace(tmp_path, parts)[0].dataset("churn")
    with pytest.raises(IntegrityError, match="has changed on disk"):
        list({"parts": dataset.parts, "batches": dataset.batches, "sql": lambda: dataset.sql("FROM dataset")}[read]())
