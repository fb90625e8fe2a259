"""Leaks: one feature that gives the target away is named, an id is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from shopfloor.artifacts.table import infer_columns, parse
from shopfloor.domain.definition import Task
from shopfloor.training.leaks import leak_notes

ROWS = 2000


def found(frame: pd.DataFrame, target: np.ndarray, task: Task) -> list[str]:
    columns = infer_columns(frame)
    notes = leak_notes(columns, parse(frame, columns), target, task, seed=0)
    return [column.name for column in columns if any(f"{column.name!r}" in note for note in notes)]


@pytest.mark.parametrize("task", list(Task))
def test_only_the_leak_is_suspected(task: Task) -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=ROWS) if task is Task.REGRESSION else rng.integers(0, 2 + (task is Task.MULTICLASS), ROWS)
    frame = pd.DataFrame(
        {
            "leak": target * 2.0 + rng.normal(0, 0.01, ROWS),
            "good": target + rng.normal(0, 2.0, ROWS),
            "noise": rng.normal(size=ROWS),
            "row": [f"r{k}" for k in range(ROWS)],
            "paid_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 999, ROWS), unit="h"),
        }
    )
    expected = ["leak"]
    if task is not Task.REGRESSION:  # a date that is only filled after the outcome
        frame.loc[target == 0, "paid_at"] = pd.NaT
        expected += ["paid_at"] if task is Task.BINARY else []
        frame["word"] = np.array(["w0", "w1", "w2"], dtype=object)[target]
        expected += ["word"]
    assert found(frame, target, task) == [name for name in frame.columns if name in expected]


def test_few_rows_raise_no_suspicion() -> None:
    target = np.arange(40) % 2
    assert found(pd.DataFrame({"leak": target.astype(float)}), target, Task.BINARY) == []
