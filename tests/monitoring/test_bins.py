"""Bins: few, complete, sensible for every kind of value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME, Categorical, Timestamps
from shopfloor.domain.columns import ColumnType
from shopfloor.monitoring.bins import bin_values, fit_bins
from shopfloor.monitoring.levels import NEW, OTHER
from shopfloor.monitoring.records import Bins

values = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.integers(-5, 5).map(float), st.just(float("nan"))), min_size=0, max_size=200
)


def factor(levels: Sequence[str | None]) -> Categorical:
    """A text column."""
    names = sorted({level for level in levels if level is not None})
    return Categorical(np.array([-1 if one is None else names.index(one) for one in levels], dtype=np.intp), names)


@given(values, values)
def test_every_number_falls_into_one_of_at_most_20_bins(reference: list[float], later: list[float]) -> None:
    bins, _ = fit_bins(np.array(reference), ColumnType.NUMBER)
    assert 1 <= len(bins.labels) <= 20
    assert len(bins.labels) == len(bins.edges) + 1
    assert list(bins.edges) == sorted(set(bins.edges))
    sketch = bin_values(np.array(later), bins).sketch(bins)
    assert sum(sketch.counts) + sketch.missing == sketch.rows == len(later)


def test_bins_of_a_number_hold_about_equal_shares() -> None:
    numbers = np.random.default_rng(0).normal(size=5000)
    bins, _ = fit_bins(numbers, ColumnType.NUMBER)
    counts = np.array(bin_values(numbers, bins).sketch(bins).counts)
    assert (counts > 0).sum() >= 10
    assert counts.max() < 3 * 5000 / 13


def test_an_atom_has_a_bin_of_its_own() -> None:
    rng = np.random.default_rng(0)
    numbers = np.where(rng.random(4000) < 0.9, 0.0, rng.exponential(1, 4000))
    bins, _ = fit_bins(numbers, ColumnType.NUMBER)
    counts = bin_values(numbers, bins).sketch(bins).counts
    assert max(counts) == (numbers == 0).sum()
    assert sum(1 for count in counts if count) >= 4


def test_whole_numbers_are_labelled_as_such() -> None:
    bins, _ = fit_bins(np.repeat([1.0, 2.0, 3.0], 50), ColumnType.INTEGER)
    inside = [
        label
        for label, count in zip(
            bins.labels, bin_values(np.array([1.0, 2.0, 3.0]), bins).sketch(bins).counts, strict=True
        )
        if count
    ]
    assert inside == ["1", "2", "3"]


def test_beyond_the_reference_there_is_still_a_resolution() -> None:
    bins, _ = fit_bins(np.linspace(0, 10, 500), ColumnType.NUMBER)
    codes = [np.argmax(bin_values(np.array([value]), bins).sketch(bins).counts) for value in (9.9, 12.0, 25.0, 1000.0)]
    assert codes == sorted(set(codes))


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=100), st.lists(st.text(max_size=3), max_size=50))
def test_every_level_falls_into_one_of_at_most_20_bins(reference: list[str | None], later: list[str]) -> None:
    bins, _ = fit_bins(factor(reference), ColumnType.TEXT)
    assert len(bins.labels) <= 20
    sketch = bin_values(factor(list(later)), bins).sketch(bins)
    assert sum(sketch.counts) + sketch.missing == len(later)


def test_rare_levels_are_pooled_and_new_ones_told_apart() -> None:
    bins, _ = fit_bins(factor(["a"] * 900 + ["b"] * 900 + ["c", "c"] * 3), ColumnType.TEXT)
    assert bins.labels == ("a", "b", OTHER, NEW)
    assert bin_values(factor(["a", "c", "z"]), bins).codes.tolist() == [0, 2, 3]


@pytest.mark.parametrize("rows", [30, 2000])
def test_of_levels_that_are_alone_in_their_pool_the_reference_has_no_fewer_rows_than_what_follows(rows: int) -> None:
    """Such rows fall into the pool, and not into the bin of what nobody has seen."""
    known = factor(["a"] * 200 * rows + ["b"] * rows)
    bins, binned = fit_bins(known, ColumnType.TEXT)
    assert bins.labels == ("a", OTHER, NEW)
    assert binned.sketch(bins).counts == bin_values(known, bins).sketch(bins).counts


def drawn(rng: np.random.Generator, rows: int, weights: NDArray[np.float64]) -> Categorical:
    """Rows of as many levels as there are weights."""
    codes = rng.choice(len(weights), rows, p=weights / weights.sum())
    return Categorical(codes, [f"u{one}" for one in range(len(weights))])


WEIGHTS = {
    "equal": np.ones(4000),
    "falling": np.arange(8000, 0, -1.0),
    "steep": 1 / np.arange(1, 3001.0),
    "nearly all different": np.ones(10**6),
    "few": np.array([70.0, 20, 9, 0.5, 0.3, 0.2]),
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_rows_of_the_reference_fall_into_the_bins_as_those_that_follow(weights: NDArray[np.float64]) -> None:
    """What is binned by its own frequency would look rarer the next time: chance has chosen it."""
    rng = np.random.default_rng(0)
    bins, binned = fit_bins(drawn(rng, 5000, weights), ColumnType.TEXT)
    reference = np.array(binned.sketch(bins).counts) / 5000
    later = np.array(bin_values(drawn(rng, 20_000, weights), bins).sketch(bins).counts) / 20_000
    assert np.abs(reference - later).max() < 0.035


def test_popularity_that_turns_round_shows_in_the_bins() -> None:
    rng = np.random.default_rng(0)
    weights = WEIGHTS["falling"]
    bins, binned = fit_bins(drawn(rng, 20_000, weights), ColumnType.TEXT)
    assert bins.labels == ("(other, 6× or more)", "(other, 4 to 5×)", "(other, 3×)", "(other, 1 to 2×)", NEW)
    before = np.array(binned.sketch(bins).counts) / 20_000
    after = np.array(bin_values(drawn(rng, 1000, weights[::-1]), bins).sketch(bins).counts) / 1000
    assert after[-1] > before[-1] + 0.2
    assert after[0] < before[0] / 2


def test_a_level_that_came_with_one_stretch_of_time_is_new_as_the_next_ones_will_be() -> None:
    chunks = np.repeat(np.arange(6), 1000)
    seasonal = np.char.add(np.where(np.arange(6000) % 4 == 0, chunks, 9).astype(str), "x")
    names = sorted(set(seasonal.tolist()))
    many = np.char.add(seasonal, (np.arange(6000) // 4 % 50).astype(str)).tolist()
    bins, binned = fit_bins(factor(many), ColumnType.TEXT, chunks)
    assert len(names) == 7
    assert binned.sketch(bins).counts[-1] / 6000 == pytest.approx(0.25, abs=0.01)


def test_bins_of_earlier_references_are_read_as_they_were_made() -> None:
    named = Bins(kind="level", labels=("a", "(other)", NEW), levels=("a",), pools=1, known=("b",))
    assert bin_values(factor(["a", "b", "c", None]), named).codes.tolist() == [0, 1, 2, -1]
    hashed = Bins(kind="level", labels=("a", "1", "2", "3", "4"), levels=("a",), pools=4)
    codes = bin_values(factor([f"u{one}" for one in range(200)]), hashed).codes
    assert set(codes.tolist()) == {1, 2, 3, 4}


def test_moments_are_compared_by_their_rhythm() -> None:
    hours = (np.arange(240) * 3_600_000_000).astype(np.int64)
    bins, _ = fit_bins(Timestamps(hours), ColumnType.TIMESTAMP)
    year_later = Timestamps(hours + 365 * 86_400_000_000)
    assert len(bins.labels) == 12
    assert bin_values(year_later, bins).sketch(bins).counts == (20,) * 12
    days, _ = fit_bins(Timestamps(np.arange(14) * 86_400_000_000), ColumnType.DATE)
    assert days.labels == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert bin_values(Timestamps(np.array([0, NO_TIME])), days).codes.tolist() == [3, -1]  # 1970 began on a Thursday


def test_booleans_are_levels() -> None:
    bins, _ = fit_bins(np.array([0.0, 1.0, 1.0, np.nan]), ColumnType.BOOLEAN)
    assert bins.kind == "level"
    assert bin_values(np.array([1.0, np.nan, 0.0]), bins).codes.tolist()[1] == -1


@pytest.mark.parametrize("later", [factor(["1.5", "x", "2"]), Timestamps(np.array([0, 1, 2]))])
def test_values_of_another_kind_are_read_or_missing(later: Categorical | Timestamps) -> None:
    bins, _ = fit_bins(np.array([1.0, 2.0, 3.0]), ColumnType.NUMBER)
    sketch = bin_values(later, bins).sketch(bins)
    assert sketch.rows == 3
    assert sketch.missing == (1 if isinstance(later, Categorical) else 3)


def test_equal_bins_have_equal_keys_and_others_do_not() -> None:
    first, _ = fit_bins(np.arange(100.0), ColumnType.NUMBER)
    assert first.key == fit_bins(np.arange(100.0), ColumnType.NUMBER)[0].key
    assert first.key != fit_bins(np.arange(101.0), ColumnType.NUMBER)[0].key
