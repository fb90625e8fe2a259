"""The constant that a model must beat: the commonest class, the median, the mean."""

from __future__ import annotations

import numpy as np
import pytest

from shopfloor.statistics import metrics
from shopfloor.statistics.constant import constant
from shopfloor.statistics.predictions import classification, regression


def test_of_classes_it_is_the_commonest_with_the_shares_as_chances() -> None:
    truth = np.array([0, 2, 2, 1, 2, 2, 0, 2])
    found = constant(metrics.find("accuracy"), classification(truth, truth, None, classes="abc"))
    assert found.predicted.tolist() == [2] * 8
    assert found.probability is not None
    assert found.probability.tolist() == [[0.25, 0.125, 0.625]] * 8


@pytest.mark.parametrize("name", ["neg_mean_absolute_error", "neg_mean_squared_error"])
def test_of_numbers_no_other_has_smaller_errors(name: str) -> None:
    metric, truth = metrics.find(name), np.array([1.0, 1.0, 2.0, 3.0, 9.0])
    best = metric.score(constant(metric, regression(truth, truth)))
    others = [metric.score(regression(truth, np.full(5, other))) for other in np.linspace(1, 9, 41)]
    assert best is not None
    assert all(best >= other - 1e-12 for other in others if other is not None)
