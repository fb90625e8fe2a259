"""Features: what is worth learning from, and what only names a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shopfloor.artifacts.table import infer_columns, parse
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import DataError
from shopfloor.training.features import candidate_columns, learnable

ROWS = 200
FRAME = pd.DataFrame(
    {
        "y": ["a", "b"] * 100,
        "order_id": np.arange(ROWS),
        "uuid": [f"u-{k}" for k in range(ROWS)],
        "note": [f"please deliver number {k} before noon, thank you" for k in range(ROWS)],
        "x": np.arange(ROWS) * 0.5,
        "code": np.arange(ROWS) % 7,
        "same": "one",
        "empty": pd.Series([None] * ROWS, dtype=object),
        "sparse": [1.0, None] * 100,
        "at": pd.date_range("2024-01-01", periods=ROWS, freq="h"),
    }
)
COLUMNS = infer_columns(FRAME)


def chosen(**definition: Any) -> tuple[list[str], tuple[str, ...]]:
    made = ModelDefinition(**{"name": "m", "dataset": "d", "target": "y", **definition})
    kept, notes = learnable(candidate_columns(COLUMNS, made), parse(FRAME, COLUMNS), made)
    return [column.name for column in kept], notes


def test_useless_columns_are_left_out_with_their_reason() -> None:
    kept, notes = chosen()
    assert kept == ["note", "x", "code", "sparse", "at"]
    text = " ".join(notes)
    for name, reason in (("order_id", "every row"), ("uuid", "nearly every"), ("same", "constant"), ("empty", "empty")):
        assert any(name in note and reason in note for note in notes), text


def test_the_definition_excludes_and_names() -> None:
    assert chosen(id="x", exclude=("note",))[0] == ["code", "sparse", "at"]
    assert chosen(features=("code", "uuid"))[0] == ["code", "uuid"]
    assert chosen(features=("x",), segment_by=("code",))[0] == ["x", "code"]


@pytest.mark.parametrize("key", ["features", "id", "time", "segment_by"])
def test_unknown_names_get_the_nearest(key: str) -> None:
    value: Any = ("cod",) if key in {"features", "segment_by"} else "cod"
    with pytest.raises(DataError, match=f"definition's {key} names column 'cod'") as caught:
        chosen(**{key: value})
    assert "'code'" in caught.value.hint


def test_the_target_is_no_guess_for_a_feature() -> None:
    with pytest.raises(DataError) as caught:
        chosen(target="code", features=("cod",))
    assert "code'" not in caught.value.hint


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DataError, match="No feature columns are left"):
        chosen(features=("same",))
