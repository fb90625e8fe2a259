from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp
from tests.release.worlds import binary, binary_pair, regression_pair

from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.auc import midranks, placements
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.compare import compare
from shopfloor.statistics.metrics import find
from shopfloor.statistics.paired import bootstrap, delong, from_influence, mcnemar, studentised


def brute_force_delong(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Gain and standard error straight from DeLong et al. 1988, by all pairs."""
    gains, above, below = [], [], []
    for score in (first, second):
        pairs = score[truth][:, None] - score[~truth][None, :]
        wins = (pairs > 0) + 0.5 * (pairs == 0)
        gains.append(wins.mean())
        above.append(wins.mean(axis=1))
        below.append(wins.mean(axis=0))
    contrast = np.array([1, -1])
    variance = contrast @ (np.cov(above) / truth.sum() + np.cov(below) / (~truth).sum()) @ contrast
    return gains[0] - gains[1], float(max(variance, 0)) ** 0.5


# Few distinct scores, so that ties are common.
rows_with_ties = st.lists(
    st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), min_size=6, max_size=40
).filter(lambda rows: 2 <= sum(row[0] for row in rows) <= len(rows) - 2)


@given(rows_with_ties)
def test_delong_equals_the_sum_over_all_pairs(rows: list[tuple[bool, int, int]]) -> None:
    truth, first, second = (np.array(column) for column in zip(*rows, strict=True))
    found = delong(truth.astype(bool), first.astype(float), second.astype(float), 0.05)
    gain, error = brute_force_delong(truth.astype(bool), first, second)
    assert found.gain == pytest.approx(gain, abs=1e-12)
    assert found.error == pytest.approx(error, abs=1e-9)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=60))
def test_midranks_share_the_mean_rank(values: list[int]) -> None:
    found = midranks(np.array(values, dtype=float))
    for value, rank in zip(values, found, strict=True):
        below = sum(other < value for other in values)
        assert rank == below + (values.count(value) + 1) / 2


def test_placements_of_one_class_are_unknown() -> None:
    area, right, left = placements(np.array([0.1, 0.2]), np.array([True, True]))
    assert np.isnan(area)
    assert len(right) == 2
    assert len(left) == 0


@given(won=st.integers(0, 24), lost=st.integers(0, 24), same=st.integers(1, 100))
def test_mcnemar_is_the_exact_sign_test_for_few_differing_pairs(won: int, lost: int, same: int) -> None:
    challenger = np.array([True] * won + [False] * lost + [True] * same)
    champion = np.array([False] * won + [True] * lost + [True] * same)
    found = mcnemar(challenger, champion, 0.05)
    expected = binomtest(won, won + lost, alternative="greater").pvalue if won + lost else 1.0
    assert found.p_better == pytest.approx(expected)
    assert found.gain == pytest.approx((won - lost) / (won + lost + same))
    assert found.method == "McNemar's exact test"


def test_mcnemar_of_many_pairs_is_near_the_exact_test() -> None:
    challenger = np.array([True] * 120 + [False] * 90 + [True] * 1000)
    champion = ~challenger
    champion[-1000:] = True
    found = mcnemar(challenger, champion, 0.05)
    assert found.method == "McNemar's test"
    assert found.p_better == pytest.approx(binomtest(120, 210, alternative="greater").pvalue, abs=0.005)


def test_models_that_never_differ_are_not_equal_for_certain() -> None:
    right = np.ones(200, dtype=bool)
    low, high = mcnemar(right, right, 0.05).interval
    assert low < 0 < high
    assert high < 0.01


def test_a_mean_loss_is_the_paired_t_test() -> None:
    challenger, champion = regression_pair(5, 120, better=0.1)
    found = compare(find("neg_mean_absolute_error"), challenger, champion, alpha=0.05)
    loss = np.abs(champion.truth - champion.predicted) - np.abs(challenger.truth - challenger.predicted)
    expected = ttest_1samp(loss, 0, alternative="greater")
    assert found.gain == pytest.approx(loss.mean())
    assert found.p_better == pytest.approx(expected.pvalue)
    level = ttest_1samp(loss, 0).confidence_interval(0.90)
    assert found.interval == pytest.approx((level.low, level.high))


@pytest.mark.parametrize(
    "metric", ["roc_auc", "average_precision", "f1", "matthews_corrcoef", "balanced_accuracy", "neg_log_loss"]
)
def test_the_influence_error_is_the_bootstrap_error(metric: str) -> None:
    challenger, champion = binary_pair(2, 1000, better=0.1)
    scorer = find(metric)
    found = compare(scorer, challenger, champion, alpha=0.05)
    drawn = bootstrap(
        lambda index: scorer.score(challenger.take(index)) - scorer.score(champion.take(index)),
        1000,
        grouping.rows(1000),
        0.05,
        resamples=400,
    )
    assert found.gain == pytest.approx(drawn.gain)
    assert found.error == pytest.approx(drawn.error, rel=0.15)


@pytest.mark.parametrize("metric", ["r2", "neg_root_mean_squared_error", "explained_variance"])
def test_the_influence_error_is_the_bootstrap_error_for_numbers(metric: str) -> None:
    challenger, champion = regression_pair(2, 1000, better=0.05)
    scorer = find(metric)
    found = compare(scorer, challenger, champion, alpha=0.05)
    drawn = bootstrap(
        lambda index: scorer.score(challenger.take(index)) - scorer.score(champion.take(index)),
        1000,
        grouping.rows(1000),
        0.05,
        resamples=400,
    )
    assert found.error == pytest.approx(drawn.error, rel=0.15)


def dependent_days(seed: int, days: int, a_day: int, effect: float) -> tuple[np.ndarray, Blocks]:
    """Differences without a mean, that all rows of a day share in part."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), a_day)
    values = random.normal(size=days * a_day) + effect * random.normal(size=days)[day]
    return values - 0.0, Blocks(code=day.astype(np.intp), count=days, unit="day")


def test_blocks_widen_the_interval_of_dependent_rows() -> None:
    values, days = dependent_days(1, 40, 50, 0.5)
    mean = float(values.mean())
    alone = from_influence(mean, values - mean, grouping.rows(len(values)), 0.05, "rows")
    together = from_influence(mean, values - mean, days, 0.05, "days")
    assert together.error > 2 * alone.error
    drawn = bootstrap(lambda index: float(values[index].mean()), len(values), days, 0.05, resamples=400)
    assert drawn.error == pytest.approx(together.error, rel=0.15)
    assert drawn.method == "bootstrap of days"


def test_blocks_keep_the_error_on_dependent_rows() -> None:
    wrong = {"rows": 0, "days": 0}
    for seed in range(400):
        values, days = dependent_days(seed, 25, 20, 0.5)
        mean = float(values.mean())
        for name, groups in (("rows", grouping.rows(len(values))), ("days", days)):
            wrong[name] += from_influence(mean, values - mean, groups, 0.05, name).better(0.05)
    assert wrong["days"] / 400 <= 0.05 + 0.03
    assert wrong["rows"] / 400 > 0.12  # what blocks are for


def test_auc_by_blocks_of_one_row_is_delong() -> None:
    challenger, champion = binary_pair(3, 500, better=0.1)
    single = Blocks(code=np.arange(500, dtype=np.intp), count=500, unit="day")
    plain = compare(find("roc_auc"), challenger, champion, alpha=0.05)
    blocked = compare(find("roc_auc"), challenger, champion, single, alpha=0.05)
    assert plain.method == "DeLong's test"
    assert blocked.gain == pytest.approx(plain.gain)
    assert blocked.error == pytest.approx(plain.error, rel=0.01)


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "neg_log_loss", "f1", "average_precision"])
@pytest.mark.parametrize("rows", [200, 1000])
def test_no_difference_is_found_in_about_alpha_of_the_cases(metric: str, rows: int) -> None:
    found = sum(compare(find(metric), *binary_pair(seed, rows), alpha=0.05).better(0.05) for seed in range(400))
    assert found / 400 <= 0.05 + 0.03


@pytest.mark.parametrize("metric", ["neg_mean_absolute_error", "neg_root_mean_squared_error", "r2"])
def test_no_difference_is_found_in_about_alpha_of_the_cases_for_numbers(metric: str) -> None:
    found = [compare(find(metric), *regression_pair(seed, 200), alpha=0.05).better(0.05) for seed in range(400)]
    assert 0.02 <= np.mean(found) <= 0.05 + 0.03


def test_the_test_of_auc_is_not_idle() -> None:
    found = sum(compare(find("roc_auc"), *binary_pair(seed, 500), alpha=0.05).better(0.05) for seed in range(400))
    assert found / 400 >= 0.02


@given(st.integers(0, 50), st.sampled_from(["roc_auc", "accuracy", "neg_brier_score", "f1"]))
@settings(max_examples=30, deadline=None)
def test_swapping_the_models_mirrors_the_answer(seed: int, metric: str) -> None:
    challenger, champion = binary_pair(seed, 120, better=0.2)
    there = compare(find(metric), challenger, champion, alpha=0.05)
    back = compare(find(metric), champion, challenger, alpha=0.05)
    assert there.gain == pytest.approx(-back.gain)
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert there.p_better == pytest.approx(back.p_worse)


def test_the_bootstrap_repeats_itself() -> None:
    challenger, champion = regression_pair(1, 300)
    metric = find("neg_median_absolute_error")
    one, two = (compare(metric, challenger, champion, alpha=0.05, seed=7) for _ in range(2))
    other = compare(metric, challenger, champion, alpha=0.05, seed=8)
    assert one == two
    assert one.error != other.error


def test_constant_scores_are_no_evidence() -> None:
    truth = np.arange(300) % 2
    flat = binary(truth, np.full(300, 0.5))
    found = compare(find("roc_auc"), flat, flat, alpha=0.05)
    assert found.gain == 0
    assert not found.better(0.05)
    assert not found.worse(0.05)


def test_one_class_gives_no_comparison() -> None:
    one = binary(np.zeros(50, dtype=int), np.linspace(0, 1, 50))
    found = compare(find("roc_auc"), one, one, alpha=0.05)
    assert not found.known
    assert not found.better(0.5)


def test_a_certain_gain_needs_no_spread() -> None:
    found = studentised(0.1, 1e-18, 100, 0.05, "t")
    assert found.better(0.05)
    assert found.interval == (0.1, 0.1)


def test_a_single_block_cannot_tell() -> None:
    found = from_influence(0.1, np.zeros(5), Blocks(code=np.zeros(5, dtype=np.intp), count=1, unit="day"), 0.05, "t")
    assert not found.known
