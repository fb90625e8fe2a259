"""The error that a champion's tests may use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shopfloor.statistics.alpha_wallet import alpha_of_test

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
