from __future__ import annotations

import numpy as np
import pytest
from tests.release.worlds import binary

from shopfloor.domain.definition import Value
from shopfloor.release.business_value import change
from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.predictions import classification

TERMS = Value(
    unit="EUR",
    true_positive=10,
    false_positive=-2,
    true_negative=1,
    false_negative=-7,
    per_absolute_error=-3,
    threshold=0.4,
)


def test_of_many_classes_there_is_no_change() -> None:
    scored = classification(np.array([0, 1, 2]), np.array([0, 1, 2]), None, classes="abc")
    assert change(TERMS, scored, scored, grouping.rows(3), 0.05) is None


def test_the_change_is_paired() -> None:
    truth = np.arange(400) % 2
    right, wrong = binary(truth, truth * 0.8 + 0.1), binary(truth, np.full(400, 0.9))
    found = change(TERMS, right, wrong, grouping.rows(400), 0.05)
    assert found is not None
    assert found.gain == pytest.approx(1.5)  # half the rows turn from -2 into 1
    assert found.interval[0] > 0
