"""The promotion test: which blocks there are, what they say together, and how often that is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.release.worlds import binary_pair, regression_pair
from tests.soak import times
from tests.statistics.challengers import auc_block, promoted, rmse_block

from shopfloor.statistics.alpha_wallet import MONTH, alpha_of_test
from shopfloor.statistics.block_test import (
    LEAST_ROWS,
    MOST_BLOCKS,
    BlockGain,
    block_test,
    complete_blocks,
    hash_folds,
    merged_blocks,
    over_blocks,
)
from shopfloor.statistics.metrics import find
from shopfloor.statistics.predictions import regression

ALPHA = 0.05
AUC, RMSE, R2 = find("roc_auc"), find("neg_root_mean_squared_error"), find("r2")


def numbers(count: int) -> np.ndarray:
    return np.zeros(count)


@given(some.lists(some.integers(1, 400), min_size=1, max_size=40))
def test_blocks_are_deliveries_in_order_none_too_small_and_the_newest_twelve(sizes: list[int]) -> None:
    delivery = np.repeat(np.arange(len(sizes)) * 3, sizes)
    block = merged_blocks(delivery, regression(numbers(len(delivery)), numbers(len(delivery))))
    assert (np.diff(block) >= 0).all()
    assert all(len(set(block[delivery == one])) == 1 for one in set(delivery.tolist()))
    held = np.bincount(block[block >= 0])
    assert len(held) <= MOST_BLOCKS
    assert block[-1] == len(held) - 1
    assert (held >= LEAST_ROWS).all() or len(held) == 1
    if (block < 0).any():
        assert len(held) == MOST_BLOCKS


def test_a_block_of_classes_needs_rows_of_two() -> None:
    scored = binary_pair(1, 1000)[0]
    delivery = np.repeat(np.arange(5), 200)
    assert merged_blocks(delivery, scored).max() == 4
    scored.truth[200:400] = 0
    assert merged_blocks(delivery, scored).max() == 3


def test_rows_fill_blocks_whatever_the_size_of_deliveries() -> None:
    assert complete_blocks(np.repeat([2, 3, 4, 9, 11], [250, 60, 60, 30, 70])) == (2, 4, 11)
    assert complete_blocks(np.array([], dtype=np.intp)) == ()


def test_folds_are_even_and_stay() -> None:
    keys = np.random.default_rng(1).integers(0, 2**64, 10_000, dtype=np.uint64)
    assert np.bincount(hash_folds(keys)) == pytest.approx([2000] * 5, rel=0.1)
    assert (hash_folds(keys[::-1])[::-1] == hash_folds(keys)).all()


def test_fewer_than_three_blocks_and_rough_metrics_are_not_tested_over_blocks() -> None:
    new, old = regression_pair(1, 600)
    assert block_test(RMSE, new, old, np.repeat([0, 1], 300), None, alpha=ALPHA) is None
    assert block_test(find("neg_median_absolute_error"), new, old, np.repeat([0, 1, 2], 200), None, alpha=ALPHA) is None


@given(
    some.lists(some.floats(-0.1, 0.1), min_size=3, max_size=12),
    some.floats(0.001, 0.1),
    some.integers(2, 40),
    some.floats(0.001, 0.4),
)
def test_both_tests_must_agree_and_sides_are_exchangeable(
    gains: list[float], error: float, units: int, alpha: float
) -> None:
    found = over_blocks([BlockGain(gain, error, units, "day") for gain in gains], alpha)
    turned = over_blocks([BlockGain(-gain, error, units, "day") for gain in gains], alpha)
    assert (found.gain, found.p_better, found.p_worse) == pytest.approx((-turned.gain, turned.p_worse, turned.p_better))
    assert found.gain == pytest.approx(float(np.mean(gains)))
    assert not (found.better(alpha) and found.worse(alpha))
    if found.better(alpha):
        assert found.interval[0] > 0
        wider = over_blocks([BlockGain(gain, 2 * error, units, "day") for gain in gains], alpha)
        assert wider.p_better >= found.p_better
    if len(gains) < 5 and min(gains) <= 0:
        assert not found.better(alpha)


def test_one_hard_block_is_not_the_mean_of_all() -> None:
    """Errors of a block ten times as hard as the others would hide what all blocks say."""
    random = np.random.default_rng(3)
    block = np.repeat(np.arange(6), 500)
    target, size = random.normal(0, 5, 3000), np.where(block == 2, 10.0, 1.0)
    error = random.normal(size=3000)
    new = regression(target, target + 0.9 * size * error)
    old = regression(target, target + size * (error + 0.05 * random.normal(size=3000)))
    found = block_test(RMSE, new, old, block, None, alpha=ALPHA)
    assert found is not None
    assert found.better(ALPHA)
    whole = np.mean(
        [RMSE.measure(new.take(block == one)).score - RMSE.measure(old.take(block == one)).score for one in range(6)]
    )
    assert found.gain == pytest.approx(whole, rel=0.05)
    squares = block_test(R2, new, old, block, None, alpha=ALPHA)
    assert squares is not None
    assert squares.p_better == pytest.approx(found.p_better, rel=0.2)


def test_a_block_without_any_error_cannot_be_told_in_shares_of_it() -> None:
    new, old = regression_pair(1, 900)
    perfect = regression(new.truth, new.truth.copy())
    found = block_test(RMSE, perfect, old, np.repeat([0, 1, 2], 300), None, alpha=ALPHA)
    assert found is not None
    assert not found.known


def test_rows_of_one_day_are_no_independent_evidence() -> None:
    random = np.random.default_rng(1)
    day, block = np.repeat(np.arange(60), 20), np.repeat(np.arange(3), 400)
    target, shared = random.normal(size=1200), np.exp(0.4 * random.normal(size=60))[day]
    new = regression(target, target + shared * random.normal(size=1200))
    old = regression(target, target + random.normal(size=1200))
    days, rows = (block_test(RMSE, new, old, block, given_day, alpha=ALPHA) for given_day in (day, None))
    assert days is not None
    assert rows is not None
    assert days.error > 1.5 * rows.error


@pytest.mark.soak
@pytest.mark.parametrize("rows", [500, 2000, 10_000])
def test_recipes_of_equal_merit_are_seldom_promoted(rows: int) -> None:
    """Must hold: at most 8 %."""
    random = np.random.default_rng(rows + 1)
    tries = times(20, 200) if rows == 10_000 else times(60, 600)
    wrong = [promoted([auc_block(random, rows) for _ in range(6)], ALPHA, 0.002) for _ in range(tries)]
    assert np.mean(wrong) <= 0.08


@pytest.mark.soak
def test_a_gain_of_two_points_is_found_at_the_first_try() -> None:
    """Must hold: .02 AUC at 2,000 rows a block and six blocks, at least 90 %."""
    random = np.random.default_rng(7)
    first = alpha_of_test(ALPHA, (), range(1, 7))
    found = [promoted([auc_block(random, 2000, 0.02) for _ in range(6)], first, 0.002) for _ in range(times(30, 800))]
    assert np.mean(found) >= 0.9


@pytest.mark.soak
def test_a_smaller_error_is_found_and_an_equal_one_is_not() -> None:
    random = np.random.default_rng(7)
    for better, low, high in ((0.0, 0.0, 0.08), (0.1, 0.9, 1.0)):
        found = [
            promoted([rmse_block(random, 500, better) for _ in range(6)], 0.033, 0.01) for _ in range(times(20, 300))
        ]
        assert low <= np.mean(found) <= high


def quick_block(random: np.random.Generator, better: float = 0.0) -> BlockGain:
    """What `auc_block` says of 2,000 rows, without the rows: as many years as this would need are too many sorts."""
    return BlockGain(better + 0.0121 * random.normal(), 0.0099 * (random.chisquare(29) / 29) ** 0.5, 30, "day")


def promoted_in(random: np.random.Generator, better: float, *, same: bool) -> int:
    """The month in which one of twelve monthly challengers, the same or a new one each time, wins; 0 for none."""
    gains, tries = [quick_block(random, better) for _ in range(6)], []
    for month in range(1, 13):
        blocks = range(1, 6 + month)
        if not same:
            gains = [quick_block(random, better) for _ in blocks]
        if promoted(gains, alpha_of_test(ALPHA, tries, blocks), 0.002):
            return month
        tries.append(blocks[-1])
        gains.append(quick_block(random, better))
    return 0


def falls_in_a_year_of_days(random: np.random.Generator, part: float) -> bool:
    """Whether a champion falls to one of 365 daily challengers of equal merit, each of them judged on twelve days; each
    day stands for that part of a month. Days add half as much as rows do."""
    months = [1.0] * 6 + [part] * 364
    for day in range(365):
        gains = [BlockGain(0.0171 * random.normal(), 0.014, 500, "row") for _ in range(min(6 + day, 12))]
        blocks = range(1, 7 + day)
        if promoted(gains, alpha_of_test(ALPHA, range(6, 6 + day), blocks, months[: len(blocks)]), 0.002):
            return True
    return False


@pytest.mark.soak
def test_a_year_of_daily_tries() -> None:
    """Must hold: at most 15 % of champions fall to equals, however often they are challenged."""
    random = np.random.default_rng(11)
    years = times(20, 400)
    assert np.mean([falls_in_a_year_of_days(random, 1 / MONTH) for _ in range(years)]) <= 0.15
    assert np.mean([falls_in_a_year_of_days(random, 1.0) for _ in range(10)]) >= 0.5, "where each day counts as a month"


@pytest.mark.soak
def test_a_year_of_monthly_tries() -> None:
    """Must hold: at most 15 % of champions fall to equals, a gain of .02 is found in 95 %."""
    random = np.random.default_rng(3)
    years = times(200, 4000)
    assert np.mean([promoted_in(random, 0.0, same=False) > 0 for _ in range(years)]) <= 0.15
    assert np.mean([promoted_in(random, 0.02, same=True) > 0 for _ in range(years)]) >= 0.95
