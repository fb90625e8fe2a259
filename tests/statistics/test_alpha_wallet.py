"""The error that a champion's tests may use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from shopfloor.statistics.alpha_wallet import MONTH, alpha_of_test, new_blocks

ALPHA = 0.06


def test_a_test_spends_two_thirds_and_a_block_returns_a_quarter() -> None:
    assert alpha_of_test(ALPHA, (), (1, 2, 3)) == pytest.approx(0.04)
    assert alpha_of_test(ALPHA, (3,), (1, 2, 3)) == pytest.approx(0.02 * 2 / 3)
    assert alpha_of_test(ALPHA, (3,), (1, 2, 3, 4)) == pytest.approx((0.02 + 0.015) * 2 / 3)
    assert alpha_of_test(ALPHA, (3,), range(1, 30)) == pytest.approx(0.04)


def test_tests_of_the_same_rows_share_their_error() -> None:
    spent = [alpha_of_test(ALPHA, (3,) * tries, (1, 2, 3)) for tries in range(60)]
    assert spent == sorted(spent, reverse=True)
    assert sum(spent) == pytest.approx(ALPHA)


def test_a_block_returns_as_much_as_it_is_newer() -> None:
    delivery = np.repeat([1, 2, 3, 4, 5], 100)
    day = np.repeat([10.0, 10.0 + 2 * MONTH, 0.0, 10.0 + 2.25 * MONTH, np.nan], 100)
    blocks, months = new_blocks(delivery, day)
    assert blocks == (1, 2, 3, 4, 5)
    assert months == pytest.approx((1.0, 1.0, 0.0, 0.25, 0.0)), "rows of the past and of no time are no newer"
    assert alpha_of_test(ALPHA, (1,), blocks[:2], months[:2]) == pytest.approx((0.02 + 0.015) * 2 / 3)
    assert alpha_of_test(ALPHA, (3,), blocks, months) == pytest.approx((0.02 + 0.015 / 4) * 2 / 3)
    assert new_blocks(delivery[:60], day[:60]) == ((), ())
    assert new_blocks(delivery, np.full(500, np.nan))[1] == (1.0, 0.0, 0.0, 0.0, 0.0)


def test_a_year_of_daily_tests_spends_no_more_than_one_of_monthly_tests() -> None:
    days = range(1, 366)
    months = [1.0] + [1 / MONTH] * 364
    spent = (alpha_of_test(ALPHA, range(1, day), range(1, day + 1), months[:day]) for day in days)
    assert sum(spent) <= 4 * ALPHA


@given(some.lists(some.integers(1, 40), max_size=20), some.sets(some.integers(1, 40)))
def test_no_more_is_spent_than_there_is(tries: list[int], blocks: set[int]) -> None:
    ordered = sorted(tries)
    spent = [
        alpha_of_test(ALPHA, ordered[:count], sorted(block for block in blocks if block <= now))
        for count, now in enumerate(ordered)
    ]
    assert all(0 < one <= 2 / 3 * ALPHA for one in spent)
    assert sum(spent) <= ALPHA + len(blocks) * ALPHA / 4


def test_a_year_of_monthly_tests_spends_at_most_four_times_alpha() -> None:
    months = range(1, 13)
    assert sum(alpha_of_test(ALPHA, range(1, month), range(1, month + 1)) for month in months) <= 4 * ALPHA
