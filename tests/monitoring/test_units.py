from __future__ import annotations

import numpy as np
import pytest

from shopfloor.monitoring.units import unit_change

LEVELS = np.linspace(0.005, 0.995, 100)
NUMBERS = np.quantile(np.random.default_rng(1).gamma(6, 20, 4000), LEVELS)


@pytest.mark.parametrize(
    ("feature", "factor", "words"),
    [
        ("distance", 1.609344, "miles became kilometres"),
        ("amount", 1.609344, "the unit changed (values ×1.6)"),
        ("amount", 100.0, "values were multiplied by 100"),
    ],
)
def test_a_unit_is_named_where_the_name_speaks_for_it(feature: str, factor: float, words: str) -> None:
    guess = unit_change(feature, NUMBERS.tolist(), (factor * NUMBERS).tolist())
    assert guess is not None
    assert guess.words == words


@pytest.mark.parametrize("feature", ["dist", "weight", "delay"])
@pytest.mark.parametrize("far", [0.3, 0.6, 1.0, 2.0, 3.0])
def test_numbers_that_only_moved_changed_no_unit(feature: str, far: float) -> None:
    """A unit that changed stretches the numbers, too."""
    for middle, width in ((50, 10), (100, 30), (300, 20)):
        before = np.quantile(np.random.default_rng(3).normal(middle, width, 4000), LEVELS)
        guess = unit_change(feature, before.tolist(), (before + far * middle).tolist())
        assert guess is None or not guess.is_certain, (middle, guess)


@pytest.mark.parametrize("narrower", [0.85, 1.0, 1.2])
def test_a_season_hides_no_unit(narrower: float) -> None:
    middle = float(np.median(NUMBERS))
    season = 1.1 * middle + narrower * (NUMBERS - middle)
    guess = unit_change("distance", NUMBERS.tolist(), (1.609344 * season).tolist())
    assert guess is not None
    assert guess.words == "miles became kilometres"


def test_another_population_is_no_unit() -> None:
    """Half as much again, but of another shape: the sick among the healthy."""
    random = np.random.default_rng(2)
    sick = np.quantile(random.normal(190, 60, 400).clip(10), LEVELS)
    assert unit_change("compactness", NUMBERS.tolist(), sick.tolist()) is None


@pytest.mark.parametrize("wider", [1.5, 1.609344, 1.8, 2.0, 2.54, 3.28])
def test_a_wider_spread_around_zero_is_no_unit(wider: float) -> None:
    """Any factor would explain it."""
    for seed in range(30):
        random = np.random.default_rng(seed)
        before, now = random.normal(0.05, 1, 2000), wider * random.normal(0.05, 1, 1000)
        guess = unit_change("x", np.quantile(before, LEVELS).tolist(), np.quantile(now, LEVELS).tolist())
        assert guess is None, (seed, guess)


def test_a_power_of_ten_is_told_around_zero_too() -> None:
    before = np.random.default_rng(3).normal(0, 1, 2000)
    guess = unit_change("x", np.quantile(before, LEVELS).tolist(), np.quantile(1000 * before, LEVELS).tolist())
    assert guess is not None
    assert guess.words == "values were multiplied by 1,000"
