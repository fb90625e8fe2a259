"""The split: nothing of the holdout is ever seen in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.artifacts.row_times import row_times
from shopfloor.artifacts.table import NO_TIME, infer_columns, parse
from shopfloor.domain.definition import ModelDefinition, Split, Training
from shopfloor.domain.errors import DataError
from shopfloor.training.split import Parted, part_rows


def parted(frame: pd.DataFrame, training: dict[str, Any] | None = None, **definition: Any) -> Parted:
    made = ModelDefinition(name="m", dataset="d", target="y", training=Training(**(training or {})), **definition)
    others = [column for column in infer_columns(frame) if column.name not in {"y", made.id}]
    moments = row_times(frame[made.time]) if made.time else None
    return part_rows(frame, parse(frame, others), moments, frame["y"].notna().to_numpy(), made)


def frames(rows: int, seed: int, moments: int, ids: int, values: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": [f"i{k}" for k in rng.integers(0, ids, rows)],
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, moments, rows), unit="h"),
            "a": rng.integers(0, values, rows).astype(float),
            "b": rng.choice(["u", "v", "w"], rows),
            "y": rng.choice(["no", "yes", None], rows, p=[0.5, 0.45, 0.05]),
        }
    ).astype({"id": object, "b": object, "y": object})
    frame.loc[rng.random(rows) < 0.05, "at"] = pd.NaT
    frame.loc[rng.random(rows) < 0.05, "id"] = None
    return frame


tables = st.builds(
    frames,
    rows=st.integers(30, 200),
    seed=st.integers(0, 10**6),
    moments=st.sampled_from([2, 5, 40, 5000]),
    ids=st.sampled_from([5, 60, 10**6]),
    values=st.sampled_from([2, 20, 10**6]),
)


def contents(frame: pd.DataFrame, rows: Any, without: list[str]) -> set[tuple[Any, ...]]:
    shown = frame.drop(columns=without).astype(object).where(lambda one: one.notna(), None)
    return {tuple(row) for row in shown.iloc[rows].itertuples(index=False)}


@settings(max_examples=120, deadline=None)
@given(tables, st.booleans(), st.sampled_from([0.1, 0.2, 0.5]))
def test_no_leak_by_time(frame: pd.DataFrame, with_id: bool, share: float) -> None:
    try:
        made = parted(frame, {"holdout": share}, time="at", id="id" if with_id else None)
    except DataError:
        return
    train, holdout = frame.iloc[made.train], frame.iloc[made.holdout]
    assert not set(made.train) & set(made.holdout)
    assert frame["y"].iloc[np.append(made.train, made.holdout)].notna().all()
    if made.used is Split.TIME:
        assert train["at"].max() < holdout["at"].min()
        assert train["at"].is_monotonic_increasing
    if with_id:
        assert not set(train["id"].dropna()) & set(holdout["id"].dropna())
    assert made.late.shape == made.train.shape


@settings(max_examples=120, deadline=None)
@given(tables, st.booleans())
def test_no_leak_by_hash(frame: pd.DataFrame, with_id: bool) -> None:
    try:
        made = parted(frame, {"split": Split.HASH}, id="id" if with_id else None)
    except DataError:
        return
    assert not set(made.train) & set(made.holdout)
    if with_id:
        train, holdout = frame["id"].iloc[made.train], frame["id"].iloc[made.holdout]
        assert not set(train.dropna()) & set(holdout.dropna())
        return
    without = ["y"]
    distinct = len(contents(frame, np.append(made.train, made.holdout), without))
    if distinct >= 0.5 * (len(made.train) + len(made.holdout)):
        assert not contents(frame, made.train, without) & contents(frame, made.holdout, without)
    else:
        assert any("equal rows" in note for note in made.notes)


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(0, 10**6), st.booleans())
def test_a_held_out_row_stays_held_out(frame: pd.DataFrame, seed: int, with_id: bool) -> None:
    """Later versions have more rows, another order and another seed: no row changes sides."""
    settings_of = {"split": Split.HASH}
    frame = frame.drop_duplicates(["a", "b", "at"] if not with_id else ["id"]).reset_index(drop=True)
    more = pd.concat([frame, frames(100, seed, 5000, 10**6, 10**6)]).sample(frac=1, random_state=1)
    more["added"] = np.nan  # a column that evolved into the contract is empty in old rows
    more = more.reset_index(drop=True)
    try:
        first = parted(frame, settings_of, id="id" if with_id else None)
        second = parted(more, {**settings_of, "seed": 99}, id="id" if with_id else None)
    except DataError:
        return
    assert not set(first.keys[first.holdout]) & set(second.keys[second.train])


def test_the_last_share_of_time_is_held_out() -> None:
    frame = frames(1000, 0, 5000, 10**6, 10**6).dropna().reset_index(drop=True)
    made = parted(frame, {"holdout": 0.25}, time="at")
    assert made.used is Split.TIME
    assert len(made.holdout) == pytest.approx(0.25 * len(frame), abs=3)
    assert (np.diff(made.late) > 0).all()


def test_customers_month_after_month_are_divided_by_customer_too() -> None:
    months = pd.date_range("2024-01-01", periods=12, freq="MS")
    frame = pd.DataFrame([{"id": f"c{k}", "at": at, "a": float(k), "y": "no"} for at in months for k in range(100)])
    made = parted(frame, time="at", id="id")
    assert any("Ids repeat" in note for note in made.notes)
    assert len(made.train) > 300
    assert len(made.holdout) > 40
    assert not set(frame["id"].iloc[made.train]) & set(frame["id"].iloc[made.holdout])


def test_a_window_drops_old_rows() -> None:
    at = pd.date_range("2024-01-01", periods=100, freq="D")
    frame = pd.DataFrame({"at": at, "a": np.arange(100.0), "y": "no"})
    made = parted(frame, {"window_days": 30}, time="at")
    assert sorted([*made.train, *made.holdout]) == list(range(70, 100))
    assert any("older than the window" in note for note in made.notes)
    assert "ignored" in parted(frame.drop(columns="at"), {"window_days": 30}).notes[0]


def test_one_moment_cannot_be_split_by_time() -> None:
    frame = pd.DataFrame({"at": pd.Timestamp("2024-01-01"), "a": np.arange(100.0), "y": "no"})
    assert parted(frame, time="at").used is Split.HASH
    with pytest.raises(DataError, match="cannot order"):
        parted(frame, {"split": Split.TIME}, time="at")
    with pytest.raises(DataError, match="no time column"):
        parted(frame, {"split": Split.TIME})


def test_rows_without_time_are_left_out_of_a_time_split() -> None:
    frame = frames(300, 1, 5000, 10**6, 10**6)
    made = parted(frame, time="at")
    used = np.append(made.train, made.holdout)
    assert (parse(frame, infer_columns(frame)).moments("at").micros[used] != NO_TIME).all()
    assert any("without a time" in note for note in made.notes)
