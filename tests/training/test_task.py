"""What kind of task a target makes, and targets that cannot be learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.errors import DataError
from shopfloor.training.task import Target, read_target


def target(values: Any, kind: ColumnType, **definition: Any) -> Target:
    frame = pd.DataFrame({"y": values, "yes": 1})
    columns = (Column(name="y", type=kind), Column(name="yes", type=ColumnType.INTEGER))
    return read_target(frame, columns, ModelDefinition(**{"name": "m", "dataset": "d", "target": "y", **definition}))


@pytest.mark.parametrize(
    ("values", "kind", "task", "classes"),
    [
        (["no", "yes", None, "no"], ColumnType.TEXT, Task.BINARY, ["no", "yes"]),
        (["ok"] * 2 + ["late"] * 5, ColumnType.TEXT, Task.BINARY, ["ok", "late"]),
        (["b", "a", "a", "b"], ColumnType.TEXT, Task.BINARY, ["a", "b"]),
        (["stayed"] * 5 + ["left"] * 2, ColumnType.TEXT, Task.BINARY, ["stayed", "left"]),
        ([True, False, True, True], ColumnType.BOOLEAN, Task.BINARY, ["false", "true"]),
        ([0, 1, 1, 1, 0], ColumnType.INTEGER, Task.BINARY, ["0", "1"]),
        ([0.0, 1.0, 1.0, None], ColumnType.NUMBER, Task.BINARY, ["0", "1"]),
        (["b", "a", "c"] * 5, ColumnType.TEXT, Task.MULTICLASS, ["a", "b", "c"]),
        ([10, 9, 2] * 5, ColumnType.INTEGER, Task.MULTICLASS, ["2", "9", "10"]),
        (list(range(40)), ColumnType.INTEGER, Task.REGRESSION, []),
        ([0.5, 1.5, 2.5, None], ColumnType.NUMBER, Task.REGRESSION, []),
    ],
)
def test_task_and_classes(values: Any, kind: ColumnType, task: Task, classes: list[str]) -> None:
    found = target(values, kind)
    assert (found.task, found.classes) == (task, classes)
    assert found.present.tolist() == [value is not None for value in values]
    if task is Task.BINARY:
        assert found.positive == classes[1]
    if classes:
        shown = found.labels(np.flatnonzero(found.present)).tolist()
        assert len(set(shown)) == len(classes)
        assert set(shown) == set(classes)


def test_the_definition_decides() -> None:
    assert target(["no", "yes", "no"], ColumnType.TEXT, positive="no").classes == ["yes", "no"]
    assert target([1, 2, 3] * 5, ColumnType.INTEGER, task=Task.REGRESSION).task is Task.REGRESSION
    assert target(list(range(40)) * 3, ColumnType.INTEGER, task=Task.MULTICLASS).task is Task.MULTICLASS
    assert target(["a", "b"] * 3, ColumnType.TEXT, task=Task.MULTICLASS).task is Task.MULTICLASS


@pytest.mark.parametrize(
    ("values", "kind", "definition", "message", "hint"),
    [
        (["a"] * 3, ColumnType.TEXT, {"target": "yess"}, "no column 'yess'", "'yes'"),
        (["a"] * 9, ColumnType.TEXT, {}, "all 9 rows have the class 'a'", "other outcomes"),
        ([None] * 4, ColumnType.TEXT, {}, "empty in every row", "outcomes"),
        ([np.nan] * 4, ColumnType.NUMBER, {}, "empty in every row", "outcomes"),
        ([2.0] * 4, ColumnType.NUMBER, {"task": Task.REGRESSION}, "same value 2", "outcomes"),
        ([f"u{k}" for k in range(50)], ColumnType.TEXT, {}, "50 different values in 50 rows", "another target"),
        (["a", "b", "c"] * 3, ColumnType.TEXT, {"task": Task.BINARY}, "here are 3: a, b, c", "multiclass"),
        (["a", "b", "c"] * 3, ColumnType.TEXT, {"task": Task.REGRESSION}, "needs numbers", "binary"),
        (["no", "yes"] * 3, ColumnType.TEXT, {"positive": "Yes"}, "'Yes' is not among", "'yes'"),
        (pd.to_datetime(["2024-01-01"] * 3), ColumnType.DATE, {}, "cannot be predicted", "number of days"),
    ],
)
def test_unusable_targets_say_why(
    values: Any, kind: ColumnType, definition: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        target(values, kind, **definition)
    assert message in caught.value.message
    assert hint in caught.value.hint
