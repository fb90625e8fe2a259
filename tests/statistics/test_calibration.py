from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.release.worlds import binary, binary_pair

from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.calibration import expected_error, increase
from shopfloor.statistics.predictions import classification


def honest(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    chance = random.random(rows)
    return (random.random(rows) < chance).astype(int), chance


def test_honest_chances_have_almost_no_error() -> None:
    assert expected_error(binary(*honest(1, 20_000))) < 0.01


def test_the_error_is_how_far_chances_are_off() -> None:
    truth = np.arange(1000) % 10 < 3
    assert expected_error(binary(truth, np.full(1000, 0.5))) == pytest.approx(0.2)
    assert expected_error(binary(truth, truth.astype(float))) == 0


def test_the_class_that_is_predicted_counts_for_many_classes() -> None:
    truth = np.arange(900) % 3
    sure = np.tile([0.9, 0.05, 0.05], (900, 1))
    scored = classification(truth.astype(np.intp), np.zeros(900, dtype=np.intp), sure, classes="abc")
    assert expected_error(scored) == pytest.approx(0.9 - 1 / 3)


def test_a_worse_calibration_is_found_with_evidence() -> None:
    truth, chance = honest(1, 3000)
    found = increase(binary(truth, chance**2), binary(truth, chance), grouping.rows(3000), 0.05)
    assert found.gain > 0.05
    assert found.interval[0] > 0.02


def test_equally_honest_models_are_rarely_called_worse() -> None:
    worse = 0
    for seed in range(300):
        challenger, champion = binary_pair(seed, 500)
        found = increase(challenger, champion, grouping.rows(500), 0.05)
        worse += found.gain > 0.02 and found.interval[0] > 0
    assert worse / 300 <= 0.08


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 200))
def test_the_order_of_rows_does_not_matter(seed: int, rows: int) -> None:
    truth, chance = honest(seed, rows)
    chance = chance.round(1)  # ties
    shuffled = np.random.default_rng(seed).permutation(rows)
    there, back = expected_error(binary(truth, chance)), expected_error(binary(truth[shuffled], chance[shuffled]))
    assert there == pytest.approx(back)
    assert 0 <= there <= 1
