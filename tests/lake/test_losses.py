"""Parts of losses: the layout, and the same bytes for the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from shopfloor.domain.handles import PartFile
from shopfloor.lake.losses import write_losses
from shopfloor.statistics.frames import loss_columns
from shopfloor.statistics.predictions import FOREIGN, classification, regression

ROWS = np.array([2**63 + 5, 7, 9], dtype=np.uint64)


def test_losses_of_classes_say_what_any_metric_needs(tmp_path: Path) -> None:
    chance = np.array([0.9, 0.2, 0.5])
    known = classification(
        np.array([1, 0, 0]), np.array([1, 0, FOREIGN]), np.column_stack([1 - chance, chance]), classes=("no", "yes")
    )
    part = write_losses(ROWS, np.array([0, 1, 2]), np.array([3, 3, 4]), loss_columns(known), tmp_path)
    assert part is not None
    table = parquet.read_table(part.path)
    assert table.column_names == [
        "row", "at", "delivery", "actual", "prediction", "probability_no", "probability_yes", "loss",
    ]  # fmt: skip
    assert table["row"].to_pylist() == ROWS.tolist()
    assert table["prediction"].to_pylist() == ["yes", "no", None]
    assert table["loss"].to_pylist() == pytest.approx([-np.log(0.9), -np.log(0.8), -np.log(0.5)])


def test_losses_without_times_chances_or_rows(tmp_path: Path) -> None:
    def written(count: int) -> PartFile | None:
        known = classification(np.array([1, 0]), np.array([1, 1]), None, classes=("no", "yes")).take(slice(count))
        return write_losses(ROWS[:count], None, np.array([3, 3])[:count], loss_columns(known), tmp_path)

    first = written(2)
    assert first is not None
    table = parquet.read_table(first.path)
    assert table["at"].null_count == 2
    assert table["loss"].to_pylist() == [0.0, 1.0]
    assert written(2) == first
    assert written(0) is None
    assert not list(tmp_path.glob(".*.tmp"))


def test_losses_of_numbers_are_squared_errors() -> None:
    assert loss_columns(regression(np.array([1.0, 2.0]), np.array([1.5, 2.0])))["loss"].tolist() == [0.25, 0.0]
