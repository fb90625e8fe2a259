"""Levels of tests without end: the rate is kept, and what is clear is found."""

from __future__ import annotations

import numpy as np
import pytest
from tests.soak import times

from shopfloor.statistics.online_discovery import level

RATE = 0.05


def run(p_values: np.ndarray) -> list[int]:
    """The numbers of the tests that find something."""
    found: list[int] = []
    for number, p_value in enumerate(p_values, start=1):
        if p_value <= level(number, found, RATE):
            found.append(number)
    return found


def test_all_levels_together_are_the_error_that_was_there() -> None:
    spent = sum(level(number, (), RATE) for number in range(1, 200_000))
    assert 0.4 * RATE / 2 < spent <= RATE / 2


def test_a_discovery_pays_for_later_tests_and_never_for_earlier_ones() -> None:
    assert level(11, (10,), RATE) > 5 * level(11, (), RATE)
    assert all(level(number, (5,), RATE) > level(number, (), RATE) for number in range(6, 1000))


@pytest.mark.soak
def test_where_nothing_happens_hardly_ever_anything_is_found() -> None:
    """1,000 models, each looked at once: at most 5 % of such days with any discovery."""
    draw, days = np.random.default_rng(1), times(150, 3000)
    false = sum(bool(run(draw.uniform(size=1000))) for _ in range(days))
    assert false <= (0.05 + 3 * (0.05 * 0.95 / days) ** 0.5) * days


@pytest.mark.soak
def test_few_of_the_discoveries_are_false_and_clear_shifts_are_found() -> None:
    """950 models where nothing happens, 50 whose p-value is that of a mean 6 errors away."""
    draw, days = np.random.default_rng(2), times(30, 600)
    shares, found_true = [], 0
    for _ in range(days):
        shifted = np.zeros(1000, bool)
        shifted[draw.choice(1000, 50, replace=False)] = True
        scores = draw.normal(np.where(shifted, 6.0, 0.0))
        found = np.asarray(run(_upper_tail(scores)), int) - 1
        shares.append((~shifted[found]).mean() if len(found) else 0.0)
        found_true += int(shifted[found].sum())
    assert np.mean(shares) <= RATE
    assert found_true >= 0.8 * 50 * days


def _upper_tail(scores: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return np.asarray(ndtr(-scores))
