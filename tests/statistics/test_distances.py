"""Distances are distances, their size by chance is known, and the corrections are correct."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shopfloor.statistics.distances import (
    homogeneity,
    jensen_shannon,
    jensen_shannon_critical,
    kolmogorov_smirnov,
    psi,
    psi_critical,
    wasserstein,
    wasserstein_critical,
)
from shopfloor.statistics.false_discovery import benjamini_hochberg

counts = st.lists(st.integers(0, 500), min_size=2, max_size=20)
pairs = st.integers(2, 20).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 500), min_size=n, max_size=n), st.lists(st.integers(0, 500), min_size=n, max_size=n)
    )
)
numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(pairs)
def test_bin_distances_are_symmetric_and_never_negative(pair: tuple[list[int], list[int]]) -> None:
    left, right = pair
    for distance in (psi, jensen_shannon, kolmogorov_smirnov):
        there, back = distance(left, right), distance(right, left)
        assert there >= 0
        assert there == pytest.approx(back, abs=1e-9)


@given(counts)
def test_a_sample_is_at_no_distance_from_itself(sample: list[int]) -> None:
    assert psi(sample, sample) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon(sample, sample) == pytest.approx(0, abs=1e-6)
    assert kolmogorov_smirnov(sample, sample) == 0
    assert homogeneity(sample, sample) == pytest.approx(1.0)


@given(st.integers(2, 10).flatmap(lambda n: st.tuples(*[st.lists(st.integers(1, 99), min_size=n, max_size=n)] * 3)))
def test_jensen_shannon_is_a_metric_within_one(three: tuple[list[int], ...]) -> None:
    a, b, c = three
    assert jensen_shannon(a, b) <= jensen_shannon(a, c) + jensen_shannon(c, b) + 1e-9
    assert jensen_shannon(a, b) <= 1
    assert jensen_shannon([*a, *[0] * len(b)], [*[0] * len(a), *b]) == pytest.approx(1)


@given(numbers, numbers, st.floats(-1e5, 1e5))
def test_wasserstein_is_symmetric_and_moves_with_a_shift(a: list[float], b: list[float], shift: float) -> None:
    assert wasserstein(a, b) >= 0
    assert wasserstein(a, b) == pytest.approx(wasserstein(b, a), rel=1e-6, abs=1e-6)
    assert wasserstein(a, np.asarray(a) + shift) == pytest.approx(abs(shift), rel=1e-6, abs=1e-6)


@given(numbers, numbers)
def test_wasserstein_agrees_with_scipy(a: list[float], b: list[float]) -> None:
    assert wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b), rel=1e-6, abs=1e-6)


def test_wasserstein_takes_weights() -> None:
    assert wasserstein([0, 0, 0, 10], [0]) == pytest.approx(2.5)


def test_psi_by_chance_is_what_the_formula_says() -> None:
    """Without a change: mean (B-1)(1/n+1/m), and below the critical value in 95 of 100 cases."""
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    values = np.array([psi(rng.multinomial(1000, shares), rng.multinomial(500, shares)) for _ in range(400)])
    assert values.mean() == pytest.approx(9 * (1 / 1000 + 1 / 500), rel=0.1)
    assert 0.02 < (values > psi_critical(10, 1000, 500, 0.95)).mean() < 0.09


def test_corrected_jensen_shannon_is_near_zero_by_chance_and_below_its_critical_value() -> None:
    rng = np.random.default_rng(1)
    shares = np.full(12, 1 / 12)
    samples = [(rng.multinomial(200, shares), rng.multinomial(1000, shares)) for _ in range(400)]
    critical = jensen_shannon_critical(12, 200, 1000, 0.95)
    corrected = np.array([jensen_shannon(a, b, corrected=True) for a, b in samples])
    plain = np.array([jensen_shannon(a, b) for a, b in samples])
    assert np.median(corrected) < 0.5 * np.median(plain)
    assert 0.02 < (corrected > critical).mean() < 0.09


def test_wasserstein_by_chance_stays_below_its_critical_value() -> None:
    rng = np.random.default_rng(2)
    values = [wasserstein(rng.normal(size=150), rng.normal(size=600)) for _ in range(300)]
    assert max(values) < wasserstein_critical(1.0, 150, 600) < 2 * max(values)


def test_homogeneity_agrees_with_scipy_where_no_bin_is_rare() -> None:
    for table in ([[300, 500, 200, 400], [450, 300, 250, 490]], [[900, 100], [870, 130]]):
        assert homogeneity(*table) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=0.02)


@pytest.mark.parametrize(
    ("found", "rows", "known", "whole"), [(1, 30, 20, 970), (0, 40, 90, 1000), (13, 5000, 990, 10**6)]
)
def test_homogeneity_of_few_rows_is_exact(found: int, rows: int, known: int, whole: int) -> None:
    chance = stats.hypergeom(rows + whole, found + known, rows)
    exact = min(1.0, 2 * min(chance.cdf(found), chance.sf(found - 1)))
    assert homogeneity((found, rows - found), (known, whole - known)) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("whole", [1_000, 20_000, 300_000, 1_000_000])
@pytest.mark.parametrize("rows", [30, 300, 2_000])
def test_what_no_row_had_and_now_all_have_is_evidence_however_large_the_reference(rows: int, whole: int) -> None:
    """The few rows of a new bin are never made part of a common one."""
    assert homogeneity((0, rows), (whole, 0)) < 1e-6
    assert homogeneity((0, 0, 0, rows), (whole // 2, whole // 4, whole // 4, 0)) < 1e-6
    assert homogeneity((rows * 2 // 5, rows * 3 // 5), (whole, 0)) < 1e-6


def test_rare_bins_are_put_together_until_they_expect_enough() -> None:
    assert homogeneity([50, 30, 4, 6, 1], [40, 50, 6, 3, 2]) == homogeneity([50, 30, 11], [40, 50, 11])
    assert homogeneity([3] * 10, [1000] * 10) == homogeneity([6] * 5, [2000] * 5)
    assert homogeneity([6, 6, 6, 2, 2, 8], [1000] * 6) < 0.5


@pytest.mark.parametrize(("known", "rows"), [(1_000, 30), (1_000, 1_000), (100_000, 200), (1_000_000, 60)])
@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.6, 0.2, 0.1, 0.05, 0.03, 0.015, 0.005), (0.05,) * 20], ids=len)
def test_homogeneity_is_as_often_small_by_chance_as_it_says(known: int, rows: int, shares: tuple[float, ...]) -> None:
    rng = np.random.default_rng(4)
    pairs = zip(rng.multinomial(rows, shares, 1500), rng.multinomial(known, shares, 1500), strict=True)
    values = np.array([homogeneity(now, before) for now, before in pairs])
    assert np.mean(values <= 0.05) < 0.07
    assert np.mean(values <= 0.001) < 0.005


def test_homogeneity_is_calibrated_with_many_rare_levels() -> None:
    """Both sides are samples: a test against the reference as if exact alarms far too often."""
    rng = np.random.default_rng(3)
    shares = 1 / np.arange(1, 60)
    shares /= shares.sum()
    values = [homogeneity(rng.multinomial(1000, shares), rng.multinomial(1000, shares)) for _ in range(400)]
    assert 0.02 < np.mean(np.array(values) < 0.05) < 0.09


def test_homogeneity_of_nothing_is_no_evidence() -> None:
    assert homogeneity([0, 0], [1, 2]) == 1
    assert homogeneity([1, 1, 1], [1, 1, 1]) == 1
    assert homogeneity([], []) == 1


@given(st.lists(st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_keeps_the_order_and_never_lowers(values: list[float]) -> None:
    adjusted = benjamini_hochberg(values)
    assert len(adjusted) == len(values)
    for before, after in zip(values, adjusted, strict=True):
        assert before <= after + 1e-12
        assert after <= 1
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(np.asarray(adjusted)[order]) >= -1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_agrees_with_scipy(values: list[float]) -> None:
    assert benjamini_hochberg(values) == pytest.approx(list(stats.false_discovery_control(values)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 19), st.floats(0, 1))
def test_benjamini_hochberg_is_monotone(values: list[float], place: int, lower: float) -> None:
    """More evidence for one check never takes evidence from any."""
    place %= len(values)
    better = [*values[:place], min(values[place], lower), *values[place + 1 :]]
    for before, after in zip(benjamini_hochberg(values), benjamini_hochberg(better), strict=True):
        assert after <= before + 1e-12


def test_critical_values_shrink_with_the_sample() -> None:
    sizes = [50, 500, 5000]
    for critical in (
        [psi_critical(10, n, n) for n in sizes],
        [jensen_shannon_critical(10, n, n) for n in sizes],
        [wasserstein_critical(1, n, n) for n in sizes],
    ):
        assert critical[0] > critical[1] > critical[2] > 0
    assert math.isclose(psi_critical(1, 10, 10), 0)


def test_a_critical_value_does_not_depend_on_which_sample_is_the_first() -> None:
    for critical in (partial(psi_critical, 10), partial(jensen_shannon_critical, 10), partial(wasserstein_critical, 1)):
        assert critical(100, 900) == pytest.approx(critical(900, 100))
        assert critical(100, 100) > critical(100, 900) > critical(900, 900)
