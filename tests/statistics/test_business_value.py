"""What predictions are worth: each outcome has its value."""

from __future__ import annotations

import numpy as np
import pytest

from shopfloor.domain.definition import Value
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
    chance = np.array([0.9, 0.4, 0.39, 0.1])
    probability = np.column_stack([1 - chance, chance])
    scored = classification(np.array([1, 0, 0, 1]), probability.argmax(axis=1), probability, classes="ab")
    assert value_per_row(TERMS, scored) == pytest.approx([10, -2, 1, -7])


def test_without_chances_the_answer_decides() -> None:
    for positive in (0, 1):
        truth, predicted = np.array([1, 0, 0, 1]), np.array([1, 1, 0, 0])
        if positive == 0:
            truth, predicted = 1 - truth, 1 - predicted
        scored = classification(truth, predicted, None, classes="ab", positive=positive)
        assert value_per_row(TERMS, scored) == pytest.approx([10, -2, 1, -7])


def test_an_error_has_its_price() -> None:
    assert value_per_row(TERMS, regression(np.array([1.0, 5.0]), np.array([3.0, 4.5]))) == pytest.approx([-6, -1.5])


def test_many_classes_have_no_table() -> None:
    scored = classification(np.array([0, 1, 2]), np.array([0, 1, 2]), None, classes="abc")
    assert value_per_row(TERMS, scored) is None
