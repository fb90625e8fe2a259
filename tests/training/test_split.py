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
    return part_rows(
        frame,
        parse(frame, others),
        moments,
        frame["y"].notna().to_numpy(),
        made,
        [one.name for one in others if one.name not in made.exclude],
    )


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
    for block in made.blocks:
        train, judged = frame.iloc[block.train], frame.iloc[block.judged]
        assert not set(block.train) & set(block.judged)
        assert frame["y"].iloc[np.append(block.train, block.judged)].notna().all()
        if made.used is Split.TIME:
            assert train["at"].max() < judged["at"].min()
            assert train["at"].is_monotonic_increasing
        if with_id:
            assert not set(train["id"].dropna()) & set(judged["id"].dropna())
        assert block.late.shape == block.train.shape
    _judged_once(made)


def _judged_once(made: Parted) -> None:
    """No row is judged twice, and all that is judged or learned for it is learned in the end."""
    assert len(set(made.judged)) == len(made.judged) == len(made.block)
    assert set(made.rows) >= {row for block in made.blocks for row in (*block.train, *block.judged)}
    assert made.late.shape == made.rows.shape


@settings(max_examples=120, deadline=None)
@given(tables, st.booleans())
def test_no_leak_by_hash(frame: pd.DataFrame, with_id: bool) -> None:
    try:
        made = parted(frame, {"split": Split.HASH}, id="id" if with_id else None)
    except DataError:
        return
    _judged_once(made)
    for block in made.blocks:
        assert not set(block.train) & set(block.judged)
        if with_id:
            train, judged = frame["id"].iloc[block.train], frame["id"].iloc[block.judged]
            assert not set(train.dropna()) & set(judged.dropna())
            continue
        without = ["y"]
        distinct = len(contents(frame, np.append(block.train, block.judged), without))
        if distinct >= 0.5 * (len(block.train) + len(block.judged)):
            assert not contents(frame, block.train, without) & contents(frame, block.judged, without)
        elif contents(frame, block.train, without) & contents(frame, block.judged, without):
            assert any("equal rows" in note for note in made.notes)


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(0, 10**6), st.booleans())
def test_a_row_stays_in_its_fold(frame: pd.DataFrame, seed: int, with_id: bool) -> None:
    """Later versions have more rows, another order and another seed: of as many folds a row is in the same one."""
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
    if any("copies are on the same side" in note for note in second.notes) or len(first.blocks) != len(second.blocks):
        return
    for one, other in zip(first.blocks, second.blocks, strict=True):
        assert not set(first.keys[one.judged]) & set(second.keys[other.train])


def copied(rows: int, copies: int, seed: int, ids: str) -> pd.DataFrame:
    """Every row `copies` times; with an id of its own for each, the same for all, or for every second one."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"a": rng.normal(size=rows), "b": rng.choice(["u", "v"], rows), "y": rng.choice(["no", "yes"], rows)}
    )
    frame = pd.concat([frame] * copies, ignore_index=True)
    number = np.arange(len(frame))
    frame["id"] = [f"i{k}" for k in {"own": number, "same": number % rows, "pairs": number // 2}[ids]]
    return (
        frame.sample(frac=1, random_state=seed).reset_index(drop=True).astype({"b": object, "y": object, "id": object})
    )


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(40, 150), copies=st.integers(1, 6), seed=st.integers(0, 999),
    ids=st.sampled_from(["own", "same", "pairs"]), with_id=st.booleans(), excluded=st.booleans(),
)  # fmt: skip
def test_copies_are_on_one_side_and_their_number_is_told(
    rows: int, copies: int, seed: int, ids: str, with_id: bool, excluded: bool
) -> None:
    """By all that may be a feature: a number of its own in each row, which is excluded, hides no copy."""
    frame = copied(rows, copies, seed, ids)
    more: dict[str, Any] = {"id": "id" if with_id else None}
    if excluded:
        frame["line"] = np.arange(len(frame))
        more["exclude"] = ("line",)
    try:
        made = parted(frame, {"split": Split.HASH}, **more)
    except DataError:
        return  # linked into one group: nothing is left to hold out
    hidden = [*(["id"] if with_id else []), *(["line"] if excluded else [])]
    if with_id or ids == "same":
        assert not contents(frame, made.train, [*hidden, *([] if with_id else ["id"])]) & contents(
            frame, made.holdout, [*hidden, *([] if with_id else ["id"])]
        )
    if with_id:
        assert not set(frame["id"].iloc[made.train]) & set(frame["id"].iloc[made.holdout])
        told = [note for note in made.notes if "of another" in note]
        assert len(told) == (copies > 1)
        if copies > 1:
            assert told[0].startswith(f"{rows * (copies - 1)} of {rows * copies} rows are copies of another")
    assert len(made.train) + len(made.holdout) == len(frame)


def test_equal_rows_with_other_outcomes_are_no_copies() -> None:
    """Few columns with few values: every kind of row is on both sides, or the holdout would be of kinds never seen."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(["u", "v", "w"], 3000) for name in "abcd"})
    frame["y"] = rng.choice(["no", "yes"], 3000)
    made = parted(frame, {"split": Split.HASH})
    assert any("equal rows are on both sides" in note for note in made.notes)
    assert contents(frame, made.train, ["y"]) == contents(frame, made.holdout, ["y"])


def test_copies_that_come_later_are_not_learned_from() -> None:
    frame = copied(200, 2, 1, "own").drop(columns="id")
    frame["at"] = pd.date_range("2024-01-01", periods=len(frame), freq="h")
    made = parted(frame, time="at", exclude=("at",))
    assert not contents(frame, made.train, ["at"]) & contents(frame, made.holdout, ["at"])
    assert any("training rows are copies of held-out rows: left out" in note for note in made.notes)


def test_the_last_share_of_time_is_held_out() -> None:
    frame = frames(1000, 0, 5000, 10**6, 10**6).dropna().reset_index(drop=True)
    made = parted(frame, {"holdout": 0.25}, time="at")
    assert made.used is Split.TIME
    assert [len(block.judged) for block in made.blocks] == pytest.approx([108] * 4, abs=3)
    one = parted(frame, {"holdout": 0.25}, time="at", segment_by=("b",))
    assert [len(block.judged) for block in one.blocks] == pytest.approx([0.25 * len(frame)], abs=3)
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
