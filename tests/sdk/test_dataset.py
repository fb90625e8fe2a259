"""Reading a dataset version: types, evolved columns, damaged bytes."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sdk.recording import Engine

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, IntegrityError
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
