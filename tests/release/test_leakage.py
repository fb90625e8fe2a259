from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.release.worlds import binary, binary_pair, features

from shopfloor.release.leakage import column_powers, lost_share, suspects
from shopfloor.statistics.predictions import Predictions, classification, regression

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("train", "score", "dummy", "share"),
    [(0.9, 0.9, 0.5, 0.0), (0.9, 0.5, 0.5, 1.0), (1.0, 0.8, 0.5, 0.4), (-1.0, -2.0, -5.0, 0.25), (0.5, 0.4, 0.5, None)],
)
def test_the_lost_share_of_the_gain(train: float, score: float, dummy: float, share: float | None) -> None:
    assert lost_share(train, score, dummy) == (None if share is None else pytest.approx(share))


def best(frame: pd.DataFrame, scored: Predictions, skip: frozenset[str] = NOTHING) -> tuple[str, float]:
    first = column_powers(frame, scored, skip)[0]
    return first.column, first.power


def named(frame: pd.DataFrame, scored: Predictions) -> list[str]:
    return [one.column for one in suspects(column_powers(frame, scored, NOTHING), scored)]


def test_a_number_that_is_the_answer_is_found_in_either_direction() -> None:
    scored = binary_pair(1, 800)[0]
    for sign in (1, -1):
        frame = features(1, 800).assign(copy=sign * scored.truth * 7.5)
        assert best(frame, scored) == ("copy", 1.0)
        assert named(frame, scored) == ["copy"]


def test_a_text_or_a_date_that_is_filled_after_the_outcome_is_found() -> None:
    scored = binary_pair(1, 800)[0]
    yes = scored.truth == 1
    paid = pd.Series(pd.Timestamp("2026-01-01"), index=range(800)).where(yes)
    frame = features(1, 800).assign(state=np.where(yes, "closed", "open"), paid_at=paid)
    assert named(frame, scored) == ["state", "paid_at"]


def test_a_value_in_the_middle_that_gives_the_answer_away_is_found() -> None:
    scored = binary_pair(1, 800)[0]
    random = np.random.default_rng(0)
    middle = np.where(scored.truth == 1, random.uniform(-0.1, 0.1, 800), random.choice([-1, 1], 800))
    assert named(features(1, 800).assign(middle=middle), scored) == ["middle"]


def test_an_id_tells_nothing() -> None:
    scored = binary_pair(1, 800)[0]
    frame = pd.DataFrame({"id": [f"k{number}" for number in range(800)], "twice": [f"k{n // 2}" for n in range(800)]})
    assert [one.power < 0.6 for one in column_powers(frame, scored, NOTHING)] == [True, True]
    assert named(frame, scored) == []


def test_a_jump_over_the_next_best_column_is_named_and_a_strong_one_among_strong_ones_is_not() -> None:
    """Departure delay tells arrival delay with an AUC of .90, the next best column .63."""
    random = np.random.default_rng(3)
    late = random.random(4000) < 0.3
    frame = pd.DataFrame(
        {name: late * shift + random.normal(size=4000) for name, shift in (("carrier", 0.47), ("hour", 0.3))}
    )
    scored = binary(late, np.full(4000, 0.3))
    leaky = frame.assign(dep_delay=late * 1.85 + random.normal(size=4000))
    assert named(leaky, scored) == ["dep_delay"]
    assert [round(one.power, 1) for one in column_powers(leaky, scored, NOTHING)][:2] == [0.9, 0.6]
    # A second copy of the leak hides no jump, and a good column whose neighbours are good is none.
    assert named(leaky.assign(copy=leaky["dep_delay"] + random.normal(size=4000) * 0.1), scored) == [
        "dep_delay",
        "copy",
    ]
    assert named(leaky.assign(other=late * 1.1 + random.normal(size=4000)), scored) == []
    # Few rows cannot tell whether the next best says anything.
    few = np.arange(4000) < 60
    assert named(leaky[few], binary(late[few], np.full(60, 0.3))) == []
    # One that stands alone among noise may be all that there is to know.
    assert named(leaky[["dep_delay"]].assign(noise=random.normal(size=4000)), scored) == []


def test_skipped_columns_and_missing_values() -> None:
    scored = binary_pair(1, 800)[0]
    copy = pd.Series(scored.truth.astype(float))
    frame = pd.DataFrame({"y": copy, "holes": copy.where(np.arange(800) % 3 != 0), "none": np.nan})
    column, power = best(frame, scored, frozenset({"y"}))
    assert column == "holes"
    assert 0.5 < power < 1.0


def test_numbers_and_many_classes() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=500)
    frame = pd.DataFrame({"noise": random.normal(size=500), "cube": -(target**3), "flat": 1.0})
    assert best(frame, regression(target, target)) == ("cube", pytest.approx(1.0))
    assert named(frame, regression(target, target)) == ["cube"]
    code = random.integers(0, 3, 500)
    scored = classification(code, code, None, classes="abc")
    # One class of three told apart is no leak: a petal tells one kind of iris from all others.
    frame = pd.DataFrame({"noise": random.normal(size=500), "is_two": (code == 2).astype(float), "code": code * 2})
    assert named(frame, scored) == ["code"]
    assert best(frame.drop(columns="code"), scored)[0] == "is_two"


def test_noise_is_no_leak_and_huge_tables_are_thinned() -> None:
    scored = binary_pair(1, 60_000)[0]
    assert best(features(1, 60_000), scored)[1] < 0.55
