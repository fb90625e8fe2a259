"""Whatever a table holds, training ends with a model or with an error that a person can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.soak import times
from tests.training.samples import silent, spec

from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import ShopfloorError
from shopfloor.training.train import train
from shopfloor.training.trained import Trained

KINDS = [kind for kind in ColumnType if kind is not ColumnType.UNKNOWN]  # which no version has
SHAPES = ["plain", "constant", "empty", "sparse", "late", "unique", "extreme"]


def column(rng: np.random.Generator, kind: ColumnType, shape: str, rows: int) -> pd.Series[Any]:
    size = 1 if shape == "constant" else rows * 10 if shape == "unique" else 7
    codes = rng.integers(0, size, rows)
    values: pd.Series[Any]
    if kind is ColumnType.TEXT:
        words = "one two three four five six seven eight" if shape == "unique" else "v"
        values = pd.Series([f"{words} {code}" for code in codes], dtype=object)
    elif kind.temporal:
        unit = "D" if kind is ColumnType.DATE else "h"
        values = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(codes, unit=unit)).astype("datetime64[us]")
    elif kind is ColumnType.BOOLEAN:
        values = pd.Series(codes % 2 == 0, dtype="boolean")
    else:
        values = pd.Series(codes.astype(float) * (1e300 if shape == "extreme" else 1.0))
    if kind is ColumnType.INTEGER:
        values = values.clip(-(2**53), 2**53).astype("Int64")
    gone = {"empty": 1.0, "sparse": 0.9}.get(shape, 0.05)
    lost = rng.random(rows) < gone
    if shape == "late":  # only the last rows, which are held out by time, have a value
        lost = np.arange(rows) < 0.9 * rows
    return values.mask(lost, None) if kind is ColumnType.TEXT else values.mask(lost)


@st.composite
def problems(draw: st.DrawFn) -> tuple[pd.DataFrame, tuple[Column, ...], dict[str, Any]]:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = draw(st.sampled_from([45, 120, 300]))
    chosen = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(SHAPES)), min_size=1, max_size=6))
    names = [f"c{place}" for place in range(len(chosen))]
    frame = pd.DataFrame(
        {name: column(rng, kind, shape, rows) for name, (kind, shape) in zip(names, chosen, strict=True)}
    )
    columns = [Column(name=name, type=kind) for name, (kind, _) in zip(names, chosen, strict=True)]
    target = draw(st.sampled_from([ColumnType.TEXT, ColumnType.BOOLEAN, ColumnType.INTEGER, ColumnType.NUMBER]))
    frame["y"] = column(rng, target, draw(st.sampled_from(["plain", "plain", "sparse", "unique", "extreme"])), rows)
    columns.append(Column(name="y", type=target))
    definition: dict[str, Any] = {"target": "y", "id": None, "time": None}
    temporal = [one.name for one in columns if one.type.temporal]
    if temporal and draw(st.booleans()):
        definition["time"] = draw(st.sampled_from(temporal))
    if draw(st.booleans()):
        definition["segment_by"] = (draw(st.sampled_from(names)),)
    if draw(st.booleans()):
        definition["id"] = draw(st.sampled_from(names))
    return frame, tuple(columns), definition


@settings(max_examples=times(16, 40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems())
def test_a_model_or_a_clear_error(tmp_path: Path, problem: tuple[Any, Any, dict[str, Any]]) -> None:
    frame, columns, definition = problem
    try:
        trained = train(spec(frame, tmp_path, columns, training={"min_rows": 20}, **definition), silent)
    except ShopfloorError as error:
        hint = error.hint
    else:
        hint = check(trained)
    assert hint


def check(trained: Trained) -> str:
    """Look at a finished training as its users would."""
    failed = [one for one in trained.record.candidates if one.error]
    assert not failed, failed
    for one in trained.record.segments:
        assert "fitting failed" not in (one.fallback or ""), one
    model = from_bytes(to_bytes(trained.model))
    again = model.predict_frame(trained.holdout)
    pd.testing.assert_frame_equal(again, trained.model.predict_frame(trained.holdout))
    assert list(again.columns) == list(trained.predictions.columns)
    for table in (again, trained.predictions):
        assert np.isfinite(table.select_dtypes("number").to_numpy()).all()
    return "fine"
