from __future__ import annotations

import numpy as np
import pytest
from tests.release.worlds import binary

from shopfloor.domain.definition import Value
from shopfloor.release.business_value import change
from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.business_value import value_per_row
from shopfloor.statistics.predictions import classification, regression

TERMS = Value(
    unit="EUR",
    true_positive=10,
    false_positive=-2,
    true_negative=1,
    false_negative=-7,
    per_absolute_error=-3,
    threshold=0.4,
)


def test_each_outcome_has_its_value() -> None:
    scored = binary(np.array([1, 0, 0, 1]), np.array([0.9, 0.4, 0.39, 0.1]))
    assert value_per_row(TERMS, scored) == pytest.approx([10, -2, 1, -7])


def test_without_chances_the_answer_decides() -> None:
    scored = classification(np.array([1, 0]), np.array([1, 1]), None, classes="ab")
    assert value_per_row(TERMS, scored) == pytest.approx([10, -2])


def test_an_error_has_its_price() -> None:
    assert value_per_row(TERMS, regression(np.array([1.0, 5.0]), np.array([3.0, 4.5]))) == pytest.approx([-6, -1.5])


def test_many_classes_have_no_table() -> None:
    scored = classification(np.array([0, 1, 2]), np.array([0, 1, 2]), None, classes="abc")
    assert value_per_row(TERMS, scored) is None
    assert change(TERMS, scored, scored, grouping.rows(3), 0.05) is None


def test_the_change_is_paired() -> None:
    truth = np.arange(400) % 2
    right, wrong = binary(truth, truth * 0.8 + 0.1), binary(truth, np.full(400, 0.9))
    found = change(TERMS, right, wrong, grouping.rows(400), 0.05)
    assert found is not None
    assert found.gain == pytest.approx(1.5)  # half the rows turn from -2 into 1
    assert found.interval[0] > 0
