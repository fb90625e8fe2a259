from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.release.worlds import binary_pair, features

from shopfloor.release.leakage import best_single_column, lost_share
from shopfloor.statistics.predictions import classification, regression

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("train", "score", "dummy", "share"),
    [(0.9, 0.9, 0.5, 0.0), (0.9, 0.5, 0.5, 1.0), (1.0, 0.8, 0.5, 0.4), (-1.0, -2.0, -5.0, 0.25), (0.5, 0.4, 0.5, None)],
)
def test_the_lost_share_of_the_gain(train: float, score: float, dummy: float, share: float | None) -> None:
    assert lost_share(train, score, dummy) == (None if share is None else pytest.approx(share))


def test_a_number_that_is_the_answer_is_found_in_either_direction() -> None:
    scored = binary_pair(1, 800)[0]
    for sign in (1, -1):
        frame = features(1, 800).assign(copy=sign * scored.truth * 7.5)
        assert best_single_column(frame, scored, NOTHING) == ("copy", 1.0)


def test_a_text_that_is_the_answer_is_found() -> None:
    scored = binary_pair(1, 800)[0]
    frame = features(1, 800).assign(state=np.where(scored.truth == 1, "closed", "open"))
    assert best_single_column(frame, scored, NOTHING) == ("state", 1.0)


def test_an_id_is_no_leak() -> None:
    scored = binary_pair(1, 800)[0]
    frame = pd.DataFrame({"id": [f"k{number}" for number in range(800)]})
    assert best_single_column(frame, scored, NOTHING) is None


def test_skipped_columns_and_missing_values() -> None:
    scored = binary_pair(1, 800)[0]
    copy = pd.Series(scored.truth.astype(float))
    frame = pd.DataFrame({"y": copy, "holes": copy.where(np.arange(800) % 2 == 0), "none": np.nan})
    found = best_single_column(frame, scored, frozenset({"y"}))
    assert found is not None
    assert found[0] == "holes"
    assert 0.5 < found[1] < 1.0


def test_numbers_and_many_classes() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=500)
    frame = pd.DataFrame({"noise": random.normal(size=500), "cube": -(target**3), "flat": 1.0})
    assert best_single_column(frame, regression(target, target), NOTHING) == ("cube", pytest.approx(1.0))
    code = random.integers(0, 3, 500)
    scored = classification(code, code, None, classes="abc")
    frame = pd.DataFrame({"noise": random.normal(size=500), "is_two": (code == 2).astype(float)})
    assert best_single_column(frame, scored, NOTHING) == ("is_two", 1.0)


def test_noise_is_no_leak_and_huge_tables_are_thinned() -> None:
    scored = binary_pair(1, 60_000)[0]
    found = best_single_column(features(1, 60_000), scored, NOTHING)
    assert found is not None
    assert found[1] < 0.55
