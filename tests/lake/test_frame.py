"""Parts as a frame: stable dtypes, verified bytes."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.lake.frame import read_parts
from shopfloor.lake.table import read_table

COLUMNS = [
    Column(name=kind.value, type=kind)
    for kind in (
        ColumnType.INTEGER,
        ColumnType.NUMBER,
        ColumnType.BOOLEAN,
        ColumnType.TEXT,
        ColumnType.DATE,
        ColumnType.TIMESTAMP,
    )
]
FULL = {
    "integer": [2**53 + 1, -1],
    "number": [1.5, float("inf")],
    "boolean": [True, False],
    "text": ["x", ""],
    "date": [date(2026, 1, 31), date(1, 1, 1)],
    "timestamp": [datetime(2026, 1, 31, 8, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)],
}
DTYPES = ["int64", "float64", "boolean", "object", "datetime64[us]", "datetime64[us]"]


def write(path: Path, table: pa.Table) -> PartFile:
    pq.write_table(table, path)
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    return PartFile(path=str(path), sha256=sha, rows=table.num_rows)


def dtypes(frame: Any) -> list[str]:
    return [str(dtype) for dtype in frame.dtypes]


def test_values_and_dtypes(tmp_path: Path) -> None:
    frame = read_parts([write(tmp_path / "a", pa.table(FULL))], COLUMNS)
    assert dtypes(frame) == DTYPES
    assert frame["integer"].tolist() == FULL["integer"]
    assert frame["text"].tolist() == FULL["text"]
    assert frame["timestamp"][0].isoformat() == "2026-01-31T08:00:00"
    assert frame["date"][1].isoformat() == "0001-01-01T00:00:00"
    assert frame.index.tolist() == [0, 1]


def test_column_that_an_older_part_lacks_is_missing_there(tmp_path: Path) -> None:
    parts = [
        write(tmp_path / "old", pa.table({"integer": [1]})),
        write(tmp_path / "new", pa.table(FULL)),
    ]
    frame = read_parts(parts, COLUMNS)
    assert dtypes(frame) == DTYPES
    assert frame["integer"].tolist() == [1, 2**53 + 1, -1]
    for name in FULL:
        assert frame[name].isna().tolist() == [name != "integer", False, False]
    assert frame["text"][0] is None


def test_missing_whole_numbers_do_not_become_floats(tmp_path: Path) -> None:
    part = write(tmp_path / "a", pa.table({"integer": [2**53 + 1, None]}))
    frame = read_parts([part], COLUMNS[:1])
    assert dtypes(frame) == ["Int64"]
    assert frame["integer"][0] == 2**53 + 1


def test_select_and_no_parts(tmp_path: Path) -> None:
    assert dtypes(read_parts([], COLUMNS)) == DTYPES
    part = write(tmp_path / "a", pa.table(FULL))
    assert list(read_parts([part], COLUMNS, ["text", "integer"])) == ["text", "integer"]
    assert list(read_parts([part], COLUMNS, ["TEXT", "text"])) == ["text"]
    assert read_parts([part], COLUMNS, []).shape == (2, 0)
    with pytest.raises(DataError, match="'txt'") as caught:
        read_parts([part], COLUMNS, ["txt"])
    assert "'text'" in caught.value.hint


def test_older_narrower_type_is_widened_and_nonsense_is_refused(tmp_path: Path) -> None:
    part = write(tmp_path / "a", pa.table({"x": [1, 2]}))
    frame = read_parts([part], [Column(name="x", type=ColumnType.NUMBER)])
    assert dtypes(frame) == ["float64"]
    words = write(tmp_path / "b", pa.table({"x": ["1", "no"]}))
    with pytest.raises(DataError, match="'x'"):
        read_parts([words], [Column(name="x", type=ColumnType.INTEGER)])
    exact = write(tmp_path / "c", pa.table({"x": [2**53 + 1]}))
    with pytest.raises(DataError):
        read_parts([exact], [Column(name="x", type=ColumnType.NUMBER)])


@pytest.mark.parametrize("position", [4, 60, -20])
def test_flipped_bit_is_caught_before_a_row_is_used(tmp_path: Path, position: int) -> None:
    """D6: Parquet itself would read most of them silently wrong."""
    part = write(tmp_path / "a", pa.table(FULL))
    raw = bytearray(Path(part.path).read_bytes())
    raw[position] ^= 1
    Path(part.path).write_bytes(raw)
    with pytest.raises(IntegrityError, match="a"):
        read_parts([part], COLUMNS)


def test_row_count_is_checked(tmp_path: Path) -> None:
    part = write(tmp_path / "a", pa.table(FULL))
    with pytest.raises(IntegrityError):
        read_parts([PartFile(path=part.path, sha256=part.sha256, rows=3)], COLUMNS)


def test_equal_texts_are_one_object_over_parts(tmp_path: Path) -> None:
    column = Column(name="text", type=ColumnType.TEXT)
    tables = [pa.table({"text": ["left and right", None]}), pa.table({"text": ["", "left and right"]})]
    frame = read_parts([write(tmp_path / str(number), table) for number, table in enumerate(tables)], [column])
    first, missing, empty, last = frame["text"].tolist()
    assert (first, missing, empty) == ("left and right", None, "")
    assert first is last


def test_texts_are_read_as_codes_however_they_are_written(tmp_path: Path) -> None:
    """DuckDB writes texts of which each occurs once by their lengths, and Arrow decodes no dictionary from these."""
    path = tmp_path / "part.parquet"
    with duckdb.connect() as connection:
        rows = "SELECT 'key ' || i AS name, 'kind ' || i % 3 AS kind FROM range(3000) t(i)"
        connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, PARQUET_VERSION v2)")
    part = PartFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=3000)
    columns = [Column(name=name, type=ColumnType.TEXT) for name in ("name", "kind")]
    table = read_table([part], columns, coded=True)
    assert table.column("name").to_pylist() == [f"key {place}" for place in range(3000)]
    assert table.column("kind").to_pylist() == [f"kind {place % 3}" for place in range(3000)]
