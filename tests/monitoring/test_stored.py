"""Stored predictions meet the truth: once each, the latest of each, nothing lost uncounted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.monitoring.frames import actuals_part, answers_of, inference_part, month

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.monitoring.stored import join_truth, read_inputs
from shopfloor.statistics.predictions import MISSING

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BINARY: dict[str, Any] = {"task": Task.BINARY, "classes": ("no", "yes"), "positive": "yes"}


def rows(ids: list[str], value: float = 60.0) -> pd.DataFrame:
    """Plain rows with the given ids."""
    frame = month(0, rows=len(ids))
    return frame.assign(id=np.array(ids, dtype=object), temp=value)


def says(frame: pd.DataFrame, label: str, chance: float) -> pd.DataFrame:
    """The same answer for every row."""
    return pd.DataFrame({"prediction": [label] * len(frame), "probability_no": 1 - chance, "probability_yes": chance})


def test_the_stored_answer_and_the_latest_truth_count(tmp_path: Path) -> None:
    frame = rows(["a", "b", "c", "d"])
    parts = [
        inference_part(tmp_path, frame, says(frame, "no", 0.1), at=NOW),
        inference_part(tmp_path, frame[:1], says(frame[:1], "yes", 0.9), at=NOW + timedelta(hours=1)),
    ]
    truths = [
        actuals_part(tmp_path, ["a", "b"], ["yes", "yes"], NOW + timedelta(days=2)),
        actuals_part(tmp_path, ["a", "zz"], ["no", "no"], NOW + timedelta(days=1)),
        actuals_part(tmp_path, ["c"], ["maybe"], NOW),
    ]
    found = join_truth(parts, truths, version=1, **BINARY)
    assert found is not None
    by = dict(zip(found.predictions.chance().round(2).tolist(), found.predictions.truth.tolist(), strict=True))
    assert by[0.9] == 1  # a: predicted last with .9, truth "yes" arrived last although listed first
    joined = found.joined
    assert (joined.predictions, joined.matched, joined.orphans) == (4, 3, 1)
    assert (joined.repeated, joined.replaced, joined.unusable) == (1, 1, 1)
    assert joined.maturity == 0.75
    assert len(found.predictions.known()) == 2


def test_only_the_given_version_and_window_count(tmp_path: Path) -> None:
    frame = rows(["a", "b"])
    parts = [
        inference_part(tmp_path, frame, says(frame, "no", 0.1), version=1, at=NOW),
        inference_part(tmp_path, frame, says(frame, "yes", 0.9), version=2, at=NOW + timedelta(days=1)),
    ]
    one = join_truth(parts, [], version=1, **BINARY)
    assert one is not None
    assert set(one.predictions.chance()) == {0.1}
    late = join_truth(parts, [], window=(NOW + timedelta(hours=1), None), **BINARY)
    assert late is not None
    assert set(late.predictions.chance()) == {0.9}
    assert join_truth(parts, [], window=(None, NOW), **BINARY) is None
    assert join_truth(parts, [], version=3, **BINARY) is None
    assert join_truth([], [], **BINARY) is None


def test_a_delivery_with_the_target_is_the_newest_truth(tmp_path: Path) -> None:
    frame = rows(["a", "b"])
    part = inference_part(tmp_path, frame, says(frame, "no", 0.1), at=NOW)
    old = actuals_part(tmp_path, ["a"], ["no"], NOW + timedelta(days=9))
    delivered = pd.DataFrame({"association_id": ["a", None], "actual": ["yes", "yes"]})
    found = join_truth([part], [old], more_truth=delivered, **BINARY)
    assert found is not None
    assert found.predictions.known().truth.tolist() == [1]


def test_numbers_are_joined_as_numbers(tmp_path: Path) -> None:
    frame = rows(["a", "b", "c"])
    part = inference_part(tmp_path, frame, pd.DataFrame({"prediction": [1.0, 2.0, 3.0]}), at=NOW)
    truth = actuals_part(tmp_path, ["a", "c"], [1.5, 2.5], NOW)
    found = join_truth([part], [truth], task=Task.REGRESSION, classes=(), positive=None)
    assert found is not None
    known = found.predictions.known()
    assert sorted((known.predicted - known.truth).tolist()) == [-0.5, 0.5]


def test_rows_are_in_the_order_in_which_they_were_predicted(tmp_path: Path) -> None:
    frame = rows(["a", "b"])
    parts = [
        inference_part(tmp_path, frame[1:], says(frame[1:], "no", 0.2), version=2, at=datetime(2026, 2, 3, tzinfo=UTC)),
        inference_part(
            tmp_path, frame[:1], says(frame[:1], "no", 0.1), version=1, at=datetime(2026, 1, 31, tzinfo=UTC)
        ),
    ]
    found = join_truth(parts, [], **BINARY)
    assert found is not None
    assert found.predictions.chance().tolist() == [0.1, 0.2]
    assert found.last_at == datetime(2026, 2, 3, tzinfo=UTC)


def test_a_zone_in_the_parts_changes_nothing(tmp_path: Path) -> None:
    frame = rows(["a"])
    plain = inference_part(tmp_path, frame, says(frame, "no", 0.1), at=NOW)
    table = pq.read_table(plain)
    zoned = table.set_column(1, "at", table.column("at").cast(pa.timestamp("ns", "UTC")))
    pq.write_table(zoned, tmp_path / "zoned.parquet")
    found = join_truth([plain, str(tmp_path / "zoned.parquet")], [], window=(NOW, NOW + timedelta(seconds=1)), **BINARY)
    assert found is not None
    assert found.joined.repeated == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    predictions=st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9)), min_size=1, max_size=20),
    truths=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9), st.sampled_from(["no", "yes"])), max_size=20
    ),
)
def test_joining_agrees_with_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, predictions: list[tuple[str, int]], truths: list[tuple[str, int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("join")
    parts = []
    last: dict[str, tuple[int, int]] = {}
    for number, (id, hour) in enumerate(predictions):
        frame = rows([id])
        parts.append(inference_part(folder, frame, says(frame, "no", number / 100), at=NOW + timedelta(hours=hour)))
        if id not in last or hour >= last[id][0]:
            last[id] = (hour, number)
    actuals = [actuals_part(folder, [id], [label], NOW + timedelta(hours=hour)) for id, hour, label in truths]
    newest: dict[str, tuple[int, str]] = {}
    for id, hour, label in truths:
        if id not in newest or hour >= newest[id][0]:
            newest[id] = (hour, label)
    found = join_truth(parts, actuals, **BINARY)
    assert found is not None
    got = dict(
        zip(
            (found.predictions.chance() * 100).round().astype(int).tolist(),
            found.predictions.truth.tolist(),
            strict=True,
        )
    )
    expected = {
        number: {"no": 0, "yes": 1}[newest[id][1]] if id in newest else MISSING for id, (_, number) in last.items()
    }
    assert got == expected
    assert found.joined.orphans == len(set(newest) - set(last))
    assert found.joined.replaced == len(truths) - len(newest)
    assert found.joined.repeated == len(predictions) - len(last)


def test_inputs_come_under_their_own_names_and_the_newest_first_in_line(tmp_path: Path) -> None:
    frame, later = month(0, rows=300), month(1, rows=50)
    parts = [
        inference_part(tmp_path, frame, answers_of(frame), at=NOW),
        inference_part(tmp_path, later, answers_of(later), at=NOW + timedelta(days=1)),
    ]
    everything = read_inputs(parts, 1, (None, None))
    assert len(everything.inputs) == 350
    assert set(everything.inputs.columns) >= {"temp", "carrier", "open"}
    assert everything.inputs["open"].dtype == "boolean" or everything.inputs["open"].dtype == bool
    fresh = read_inputs(parts, 1, (None, None), NOW)
    assert len(fresh.inputs) == 50
    assert fresh.last_at == NOW + timedelta(days=1)
    assert read_inputs(parts, 7, (None, None)).last_at is None


def test_foreign_and_damaged_parts_are_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "foreign.parquet")
    with pytest.raises(DataError, match="association_id"):
        join_truth([str(tmp_path / "foreign.parquet")], [], **BINARY)
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(IntegrityError, match=r"torn\.parquet"):
        join_truth([str(tmp_path / "torn.parquet")], [], **BINARY)
    with pytest.raises(IntegrityError):
        read_inputs([str(tmp_path / "absent.parquet")], 1, (None, None))
