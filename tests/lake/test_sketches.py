"""Sketches: the merge of parts is the sketch of the whole, in any order, within the stated error."""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shopfloor.lake import bins, distinct, frequent
from shopfloor.lake.bins import SparseHistogram
from shopfloor.lake.distinct import Distinct
from shopfloor.lake.frequent import Frequent
from shopfloor.lake.moments import Moments, moments

finite = st.floats(allow_nan=False, allow_infinity=False)
doubles = arrays.arrays(np.float64, st.integers(1, 40), elements=finite)
integers = arrays.arrays(np.int64, st.integers(1, 40))


def grid_of(values: np.ndarray) -> SparseHistogram:
    return bins.grid(values, bins.grid_level(values.min().item(), values.max().item()))


def merged_grid(left: np.ndarray, right: np.ndarray) -> SparseHistogram:
    both = np.concatenate([left, right])
    return grid_of(left).plus(grid_of(right), bins.grid_level(both.min().item(), both.max().item()))


def same(left: SparseHistogram, right: SparseHistogram) -> bool:
    return left.level == right.level and bool(
        np.array_equal(left.keys, right.keys) and np.array_equal(left.counts, right.counts)
    )


@settings(deadline=None)
@given(st.one_of(st.tuples(doubles, doubles), st.tuples(integers, integers)))
def test_a_merged_grid_is_the_grid_of_all(pair: tuple[np.ndarray, np.ndarray]) -> None:
    left, right = pair
    whole = grid_of(np.concatenate([left, right]))
    assert same(merged_grid(left, right), whole)
    assert same(merged_grid(right, left), whole)


@settings(deadline=None)
@given(st.one_of(doubles, integers))
def test_a_grid_holds_every_value_in_a_bin_as_narrow_as_stated(values: np.ndarray) -> None:
    found = grid_of(values)
    low, high = values.min().item(), values.max().item()
    assert int(found.counts.sum()) == len(values)
    assert int(found.keys[-1]) - int(found.keys[0]) < bins.MOST
    if isinstance(low, int):
        assert 1 << found.level <= max(1, (high - low) / 1023)
    elif high > low and math.isfinite(high - low):
        last_bit = math.ulp(max(abs(low), abs(high)))
        assert math.ldexp(1.0, found.level) <= max((high - low) / 1023, last_bit, math.ulp(0.0))
    for rank, value in enumerate(sorted(values.tolist()), 1):
        key = found.at_rank(rank)
        if isinstance(value, int):
            assert key << found.level <= value < (key + 1) << found.level
        else:
            first, last = bins.grid_edges(key, found.level) if found.level > -1000 else (value, math.inf)
            assert first <= value
            assert value < last


@settings(deadline=None)
@given(doubles, doubles)
def test_merged_octaves_are_those_of_all(left: np.ndarray, right: np.ndarray) -> None:
    both = np.concatenate([left, right])
    whole = bins.octaves(both)
    assert same(bins.narrowed(bins.octaves(left).plus(bins.octaves(right), 0)), whole)
    for rank, value in enumerate(sorted(both.tolist()), 1):
        first, last = bins.octave_edges(whole.at_rank(rank), whole.level)
        assert first <= value <= last
        if abs(value) > 1e-300 and math.isfinite(last - first):
            assert last - first <= abs(value) / 63


def test_many_octaves_are_made_coarser_and_still_merge() -> None:
    generator = np.random.default_rng(3)
    values = np.exp(generator.uniform(-600, 600, 40_000)) * generator.choice([-1.0, 1.0], 40_000)
    whole = bins.octaves(values)
    assert whole.level > 0
    assert len(whole.keys) <= bins.MOST_OCTAVES
    pieces = [bins.octaves(piece) for piece in np.array_split(values, 7)]
    for order in (pieces, pieces[::-1]):
        assert same(reduce(lambda a, b: bins.narrowed(a.plus(b, 0)), order), whole)


def hashed(seed: int, number: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, number, np.uint64)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=30), max_size=5), st.randoms(use_true_random=False))
def test_few_distinct_values_are_counted_exactly(pieces: list[list[int]], random: object) -> None:
    sketches = [distinct.nothing().with_values(np.array(piece, np.uint64)) for piece in pieces]
    random.shuffle(sketches)  # type: ignore[attr-defined]
    merged = reduce(Distinct.plus, sketches, distinct.nothing())
    assert merged.exact
    assert merged.estimate == len({value for piece in pieces for value in piece})


@pytest.mark.parametrize("number", [2_047, 2_048, 10_000, 300_000])
def test_many_distinct_values_are_estimated_and_merge_exactly(number: int) -> None:
    values = hashed(number, number)
    whole = distinct.nothing().with_values(values)
    twice = reduce(Distinct.with_values, np.array_split(np.concatenate([values, values]), 9), distinct.nothing())
    parts = [distinct.nothing().with_values(piece) for piece in np.array_split(values, 5)]
    for sketch in (twice, reduce(Distinct.plus, parts), reduce(Distinct.plus, parts[::-1])):
        assert np.array_equal(sketch.hashes, whole.hashes)
    assert whole.exact == (number < distinct.MOST)
    # Four standard errors.
    assert abs(whole.estimate - number) <= 4 * number / math.sqrt(distinct.MOST - 2)


words = st.lists(st.sampled_from("abcdefgh"), max_size=30)


@settings(deadline=None)
@given(st.lists(words, max_size=5))
def test_few_values_are_counted_exactly(pieces: list[list[str]]) -> None:
    merged = reduce(
        Frequent.plus,
        [frequent.nothing().with_values(pa.array(piece, pa.string())) for piece in pieces],
        frequent.nothing(),
    )
    counts = Counter(word for piece in pieces for word in piece)
    assert (merged.counts, merged.error) == (dict(counts), 0)
    assert list(merged.top(3)) == sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]


@pytest.mark.parametrize("seed", range(4))
def test_frequent_values_keep_their_bound_in_any_order(seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = np.minimum(generator.zipf(1.3, 60_000), 10_000_000)
    truth = Counter(map(str, values.tolist()))
    pieces = [frequent.nothing().with_values(pa.array(piece)) for piece in np.array_split(values, 11)]
    generator.shuffle(pieces)
    merged = reduce(Frequent.plus, pieces)
    assert 0 < merged.error <= len(values) / (frequent.MOST + 1)
    assert merged.seen == len(values)
    for value, count in truth.items():
        assert merged.counts.get(value, 0) <= count <= merged.counts.get(value, 0) + merged.error
    top = [value for value, _ in merged.top(3)]
    assert top == [value for value, _ in truth.most_common(3)]


def test_a_column_in_which_nothing_repeats_is_given_up_honestly() -> None:
    found = frequent.nothing()
    for start in range(0, 600_000, 100_000):
        found = found.with_values(pa.array(np.arange(start, start + 100_000)))
    assert found.given_up
    found = found.with_values(pa.array([7] * 50_000))
    assert found.top(10) == ()
    assert found.error >= 50_001


@settings(deadline=None)
@given(st.lists(arrays.arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e6, 1e6)), min_size=1, max_size=5))
def test_moments_merge(pieces: list[np.ndarray]) -> None:
    merged = reduce(Moments.plus, map(moments, pieces))
    values = np.concatenate(pieces)
    assert merged.count == len(values)
    if len(values):
        assert merged.mean == pytest.approx(values.mean(), rel=1e-9, abs=1e-6)
    if len(values) > 1:
        assert merged.deviation == pytest.approx(values.std(ddof=1), rel=1e-6, abs=1e-5)
    else:
        assert merged.deviation is None


def test_moments_beyond_a_double() -> None:
    found = moments(np.array([1.7e308, 1.7e308])).plus(moments(np.array([-1.7e308, -1.7e308])))
    assert math.isfinite(found.mean)
    assert found.deviation is None
