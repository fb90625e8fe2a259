from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from tests.release.worlds import binary_pair, regression_pair

from shopfloor.release.records import SliceGain
from shopfloor.release.slices import MOST_ROWS, benjamini_hochberg, describe, worse_slices
from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.metrics import find
from shopfloor.statistics.predictions import Predictions, regression


def gains(
    frame: pd.DataFrame, pair: tuple[Predictions, Predictions], metric: str = "roc_auc", **changes: object
) -> tuple[SliceGain, ...]:
    known = {"margin": 0.005, "alpha": 0.05, "skip": frozenset({"y"}), **changes}
    return worse_slices(frame, *pair, find(metric), grouping.rows(len(frame)), **known)  # type: ignore[arg-type]


def world(rows: int = 3000, loss: float = 1.0, share: int = 10) -> tuple[pd.DataFrame, tuple[Predictions, Predictions]]:
    """A challenger that is better, but loses `loss` a row in services `b` (one row in `share`)."""
    challenger, champion = regression_pair(1, rows, better=0.1)
    bad = np.arange(rows) % share == 0
    answer = np.where(
        bad, challenger.truth + (np.abs(champion.predicted - champion.truth) + loss), challenger.predicted
    )
    frame = pd.DataFrame({"services": np.where(bad, "b", "a"), "day": np.arange(rows) // 7 % 5, "y": 0})
    return frame, (regression(challenger.truth, answer), champion)


def test_a_worse_slice_is_found_and_comes_first() -> None:
    found = gains(*world(loss=0.4), metric="neg_mean_absolute_error")
    worst = found[0]
    assert (worst.column, worst.level, worst.rows, worst.worse) == ("services", "b", 300, True)
    assert worst.gain == pytest.approx(-0.4)
    assert [one.worse for one in found[1:]] == [False] * (len(found) - 1)
    assert describe(worst).startswith("services = b: -0.4000 [-0.4000, -0.4000] on 300 rows")


def test_evidence_without_effect_is_no_harm() -> None:
    frame, pair = world(loss=0.004)
    found = next(one for one in gains(frame, pair, "neg_mean_absolute_error") if one.level == "b")
    assert found.p_value < 0.001
    assert found.gain < 0
    assert not found.worse
    strict = next(one for one in gains(frame, pair, "neg_mean_absolute_error", margin=0.001) if one.level == "b")
    assert strict.worse


def test_effect_without_evidence_is_no_harm() -> None:
    frame = pd.DataFrame({"c": np.arange(900) % 15})
    found = gains(frame, binary_pair(3, 900))
    assert found[0].gain < -0.005
    assert not any(one.worse for one in found)


def test_thin_slices_and_slices_of_one_class_are_left_out() -> None:
    challenger, champion = binary_pair(1, 1000, better=0.2)
    frame = pd.DataFrame(
        {
            "rare": np.where(np.arange(1000) < 30, "thin", "thick"),
            "answer": challenger.truth,
            "few": np.where(np.arange(1000) % 2 == 0, "even", "odd"),
        }
    )
    assert {(one.column, one.level) for one in gains(frame, (challenger, champion))} == {
        ("rare", "thick"),
        ("few", "even"),
        ("few", "odd"),
    }


def test_only_columns_of_few_values_are_sliced() -> None:
    rows = 2000
    frame = pd.DataFrame(
        {
            "id": [f"k{number}" for number in range(rows)],
            "late_many": np.r_[np.zeros(600), np.arange(rows - 600)],
            "x": np.random.default_rng(0).normal(size=rows),
            "one": "same",
            "flag": np.arange(rows) % 3 == 0,
            "missing": pd.Series(np.arange(rows) % 2).where(np.arange(rows) % 5 > 0),
            "y": np.arange(rows) % 2,
        }
    )
    found = gains(frame, regression_pair(1, rows), "neg_mean_absolute_error")
    assert {one.column for one in found} == {"flag", "missing"}
    assert {one.level for one in found if one.column == "missing"} == {"0", "1"}
    assert sum(one.rows for one in found if one.column == "missing") == 1600


def test_no_rows_have_no_slices() -> None:
    frame, pair = world()
    assert (
        gains(frame.iloc[:0], (pair[0].take(np.array([], dtype=np.intp)), pair[1].take(np.array([], dtype=np.intp))))
        == ()
    )


def test_a_rough_metric_falls_back_to_absolute_errors() -> None:
    assert gains(*world(), metric="neg_median_absolute_error") == gains(*world(), metric="neg_mean_absolute_error")


def test_blocks_widen_slices_too() -> None:
    frame, pair = world(loss=0.0)
    day = Blocks(code=np.arange(3000, dtype=np.intp) // 100, count=30, unit="day")
    shared = np.repeat(np.random.default_rng(0).normal(0, 0.5, 30), 100)
    moved = (regression(pair[0].truth, pair[0].predicted + shared), pair[1])
    known = {"margin": 0.005, "alpha": 0.05, "skip": frozenset({"y"})}
    metric = find("neg_mean_absolute_error")
    alone = worse_slices(frame, *moved, metric, grouping.rows(3000), **known)  # type: ignore[arg-type]
    together = worse_slices(frame, *moved, metric, day, **known)  # type: ignore[arg-type]

    def width(found: tuple[SliceGain, ...]) -> float:
        one = next(one for one in found if (one.column, one.level) == ("services", "a"))
        return one.interval[1] - one.interval[0]

    assert width(together) > 1.3 * width(alone)


def test_a_slice_on_a_few_days_cannot_veto() -> None:
    """94 rows of four days are four observations, not 94."""
    frame, (challenger, champion) = world(loss=0.0)
    few = np.arange(3000) % 31 == 0
    frame["services"] = np.where(few, "b", "a")
    day = np.where(few, np.arange(3000) % 4, np.arange(3000) // 100)
    lost = regression(challenger.truth, np.where(few, challenger.truth + 3, challenger.predicted))
    known = {"margin": 0.005, "alpha": 0.05, "skip": frozenset({"y", "day"})}
    metric, days = find("neg_mean_absolute_error"), Blocks(code=day.astype(np.intp), count=30, unit="day")
    alone = worse_slices(frame, lost, champion, metric, grouping.rows(3000), **known)  # type: ignore[arg-type]
    assert [one.level for one in alone if one.worse] == ["b"]
    together = worse_slices(frame, lost, champion, metric, days, **known)  # type: ignore[arg-type]
    assert [one.level for one in together] == ["a"]


def test_a_share_of_the_variance_is_one_of_all_rows() -> None:
    """A slice whose target hardly varies would lose any R², over errors that nobody notices."""
    random = np.random.default_rng(1)
    calm = np.arange(4000) % 4 == 0
    target = np.where(calm, 0.05 * random.normal(size=4000), 3 * random.normal(size=4000))
    old = target + np.where(calm, 0.02, 1.0) * random.normal(size=4000)
    new = target + np.where(calm, 0.03, 0.8) * random.normal(size=4000)
    frame = pd.DataFrame({"kind": np.where(calm, "calm", "wild")})
    pair = (regression(target, new), regression(target, old))
    assert find("r2").measure(pair[0].take(calm)).score < find("r2").measure(pair[1].take(calm)).score - 0.1
    found = gains(frame, pair, "r2")
    assert not any(one.worse for one in found)
    whole = find("r2").measure(pair[0]).score - find("r2").measure(pair[1]).score
    assert sum(one.gain * one.rows / 4000 for one in found) == pytest.approx(whole)


def test_a_huge_holdout_is_sampled() -> None:
    rows = MOST_ROWS + 5000
    frame = pd.DataFrame({"c": np.arange(rows) % 2})
    found = gains(frame, regression_pair(1, rows), "neg_mean_absolute_error")
    assert sum(one.rows for one in found) == MOST_ROWS
    assert found == gains(frame, regression_pair(1, rows), "neg_mean_absolute_error")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    assert benjamini_hochberg(np.array(p_values)) == pytest.approx(false_discovery_control(p_values))
