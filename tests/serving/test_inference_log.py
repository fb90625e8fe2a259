from __future__ import annotations

import errno
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serving.builders import AT, columns

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, StoreError
from shopfloor.domain.handles import PartFile
from shopfloor.lake.frame import read_parts
from shopfloor.lake.inference_log import LogRecord, drain, encode_lines, group
from shopfloor.lake.inference_parts import to_part
from shopfloor.workspace.segment import SegmentWriter
from shopfloor.workspace.segment_reader import is_sealed, segments

values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
records = st.builds(
    LogRecord,
    association_id=st.text(min_size=1),
    at=st.datetimes(timezones=st.just(UTC)),
    model=st.just("churn"),
    model_version=st.integers(1, 9),
    segment=st.none() | st.text(),
    prediction=st.text() | st.floats(allow_nan=False, allow_infinity=False),
    probabilities=st.dictionaries(st.text(), st.floats(0, 1), max_size=2),
    inputs=st.dictionaries(st.text(), values, max_size=3),
)


def record(number: int, **changes: Any) -> LogRecord:
    fields: dict[str, Any] = {
        "association_id": f"id-{number}",
        "at": AT,
        "model": "churn",
        "model_version": 1,
        "prediction": "yes",
        "probabilities": {"no": 0.25, "yes": 0.75},
        "inputs": {"distance": number},
    }
    return LogRecord(**{**fields, **changes})


@settings(deadline=None)
@given(st.lists(records, max_size=6))
def test_lines_come_back_as_they_were(batch: list[LogRecord]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.jsonl"
        path.write_bytes(encode_lines(batch))
        assert drain(path, 0) == (batch, path.stat().st_size, 0)


@settings(deadline=None)
@given(st.lists(records, min_size=1, max_size=5), st.data())
def test_a_torn_tail_costs_nothing_before_it(batch: list[LogRecord], data: st.DataObject) -> None:
    """Cut anywhere, drain, let the rest arrive, drain on: each record exactly once."""
    whole = encode_lines(batch)
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.jsonl"
        path.write_bytes(whole[:cut])
        first = drain(path, 0)
        assert first.offset <= cut
        assert first.damaged == 0
        assert len(first.records) == whole[:cut].count(b"\n")
        path.write_bytes(whole)
        second = drain(path, first.offset)
        assert first.records + second.records == batch
        assert second.offset == len(whole)


@settings(deadline=None)
@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_a_changed_byte_never_becomes_another_prediction(batch: list[LogRecord], data: st.DataObject) -> None:
    whole = bytearray(encode_lines(batch))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.jsonl"
        path.write_bytes(whole)
        found = drain(path, 0)
        assert all(one in batch for one in found.records)
        assert len(found.records) >= len(batch) - 2


@settings(deadline=None)
@given(st.integers(1, 400))
def test_small_drains_are_one_large_drain(limit: int) -> None:
    batch = [record(number) for number in range(7)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.jsonl"
        path.write_bytes(encode_lines(batch))
        found: list[LogRecord] = []
        offset = 0
        while (step := drain(path, offset, limit)).offset != offset:
            found += step.records
            offset = step.offset
        assert found == batch


def writer(folder: Path, **options: Any) -> SegmentWriter:
    return SegmentWriter(folder, SystemClock(), **options)


def test_a_segment_is_sealed_once_its_writer_is_gone(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.append(encode_lines([record(1)]))
    [path] = segments(tmp_path)
    assert not is_sealed(path)
    assert drain(path, 0).records == [record(1)]
    log.close()
    assert is_sealed(path)
    assert is_sealed(tmp_path / "gone.jsonl")


def test_segments_follow_each_other_by_size(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=500)
    for number in range(12):
        log.append(encode_lines([record(number)]))
    log.sync()
    paths = segments(tmp_path)
    assert len(paths) > 2
    assert [is_sealed(path) for path in paths] == [True] * (len(paths) - 1) + [False]
    assert [one for path in paths for one in drain(path, 0).records] == [record(number) for number in range(12)]
    log.close()


class Ticks:
    """A clock that moves when told."""

    time = 0.0

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return self.time


def test_segments_follow_each_other_by_age(tmp_path: Path) -> None:
    clock = Ticks()
    log = SegmentWriter(tmp_path, clock, max_age=10.0)
    for clock.time in (0.0, 9.0, 11.0):
        log.append(encode_lines([record(1)]))
    assert len(segments(tmp_path)) == 2
    log.close()


def test_half_a_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up in the middle of a line: nothing of it counts, and writing goes on after."""
    log = writer(tmp_path)
    log.append(encode_lines([record(1)]))
    write, first = os.write, iter([True])

    def full(descriptor: int, data: bytes) -> int:
        if next(first, False):
            return write(descriptor, data[: len(data) - 20])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        log.append(encode_lines([record(2), record(3)]))
    monkeypatch.undo()
    log.append(encode_lines([record(4)]))
    found = [drain(path, 0) for path in segments(tmp_path)]
    assert [one for step in found for one in step.records] == [record(1), record(4)]
    assert sum(step.damaged for step in found) == 0
    log.close()


def test_a_failed_sync_is_told_and_starts_a_new_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = writer(tmp_path)
    log.append(encode_lines([record(1)]))

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(StoreError, match="Input/output error"):
        log.sync()
    monkeypatch.undo()
    log.append(encode_lines([record(2)]))
    assert len(segments(tmp_path)) == 2
    log.sync()
    log.close()


def test_a_drained_log_becomes_a_part(tmp_path: Path) -> None:
    inputs = {
        "distance": 120,
        "temp": 3.5,
        "holiday": None,
        "carrier": "ÄÖ",
        "departure": "2026-01-02T03:04:05",
    }
    batch = [record(1, inputs=inputs), record(2, inputs={"distance": 7}, segment="north", prediction="no")]
    part = to_part(batch, columns(), tmp_path)
    assert part is not None
    assert Path(part.path).name == f"{part.sha256}.parquet"
    types = [
        ("association_id", ColumnType.TEXT),
        ("at", ColumnType.TIMESTAMP),
        ("model_version", ColumnType.INTEGER),
        ("segment", ColumnType.TEXT),
        ("prediction", ColumnType.TEXT),
        ("model_prediction", ColumnType.TEXT),
        ("threshold", ColumnType.NUMBER),
        ("humility", ColumnType.TEXT),
        ("humility_action", ColumnType.TEXT),
        ("seconds", ColumnType.NUMBER),
        ("probability_no", ColumnType.NUMBER),
        ("probability_yes", ColumnType.NUMBER),
        ("source", ColumnType.TEXT),
        *((f"input_{column.name}", column.type) for column in columns()),
    ]
    frame = read_part(part, types)
    assert frame["source"].tolist() == ["rest", "rest"]
    assert frame["input_distance"].tolist() == [120, 7]
    assert frame["at"].tolist() == [AT.replace(tzinfo=None)] * 2
    assert frame["input_departure"][0] == datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001
    assert frame["input_carrier"].tolist() == ["ÄÖ", None]
    assert frame["prediction"].tolist() == ["yes", "no"]
    assert os.listdir(tmp_path) == [Path(part.path).name]


def read_part(part: PartFile, types: list[tuple[str, ColumnType]]) -> Any:
    import pyarrow.parquet as pq

    assert pq.read_schema(part.path).names == [name for name, _ in types]
    return read_parts([part], [Column(name=name, type=kind) for name, kind in types])


def test_regression_predictions_are_numbers(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    part = to_part([record(1, prediction=2.5, probabilities={})], columns(), tmp_path)
    assert part is not None
    assert pq.read_table(part.path)["prediction"].to_pylist() == [2.5]
    assert to_part([], columns(), tmp_path) is None


def test_records_of_another_version_are_refused_not_bent(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="distance"):
        to_part([record(1, inputs={"distance": "far"})], columns(), tmp_path)
    assert os.listdir(tmp_path) == []


def test_grouping_keeps_the_order(tmp_path: Path) -> None:
    batch = [record(1), record(2, model_version=2), record(3)]
    assert group(batch) == {("churn", 1): [batch[0], batch[2]], ("churn", 2): [batch[1]]}
