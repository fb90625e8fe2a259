"""The standard error of a score is about what repetition gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from shopfloor.domain.definition import Task
from shopfloor.monitoring.reference import stretch_scores
from shopfloor.statistics import metrics
from shopfloor.statistics.constant import constant
from shopfloor.statistics.jackknife import estimate
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions, from_scores, regression

AUC, ACCURACY, MAE, R2 = (metrics.find(name) for name in ("roc_auc", "accuracy", "neg_mean_absolute_error", "r2"))


def binary(n: int = 400, seed: int = 0, signal: float = 1.0) -> Predictions:
    """Truth and chances of a model with some skill."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.3
    chance = 1 / (1 + np.exp(-(signal * (truth - 0.5) + rng.normal(0, 1, n))))
    return from_scores(Task.BINARY, truth.astype(np.intp), np.column_stack([1 - chance, chance]))


def test_what_is_undefined_is_none() -> None:
    predictions = binary()
    assert estimate(AUC, predictions.take(predictions.is_positive())) is None
    assert estimate(ACCURACY, predictions.take(slice(0, 2))) is None


def test_the_standard_error_is_about_that_of_repetition() -> None:
    repeated = [binary(500, seed) for seed in range(120)]
    scores = [AUC.score(one) for one in repeated]
    errors = [found.error for one in repeated[:20] if (found := estimate(AUC, one)) is not None]
    assert np.mean(errors) == pytest.approx(np.std(np.array(scores, dtype=float)), rel=0.3)


def test_neighbours_that_share_their_luck_widen_the_error() -> None:
    rng = np.random.default_rng(0)
    shared = np.repeat(rng.normal(size=30), 20)
    blocks = regression(np.zeros(600), shared)
    in_order, shuffled = estimate(MAE, blocks), estimate(MAE, blocks.take(rng.permutation(600)))
    assert in_order is not None
    assert shuffled is not None
    assert in_order.error > 2.5 * shuffled.error


def test_a_constant_prediction_and_stretches() -> None:
    predictions = binary(1000)
    share = predictions.is_positive().mean()
    assert AUC.score(constant(AUC, predictions)) == pytest.approx(0.5)
    assert ACCURACY.score(constant(ACCURACY, predictions)) == pytest.approx(max(share, 1 - share))
    assert len(stretch_scores(ACCURACY, predictions)) == 5
    assert stretch_scores(ACCURACY, predictions.take(slice(0, 599))) == ()


@pytest.mark.parametrize(("metric", "best", "worse"), [(MAE, np.median, np.mean), (R2, np.mean, np.median)])
def test_the_constant_is_the_best_one_by_the_metric(
    metric: Metric, best: Callable[..., float], worse: Callable[..., float]
) -> None:
    truth = np.random.default_rng(1).gamma(1, 2, 501)
    predictions = regression(truth, truth)
    found = metric.score(constant(metric, predictions))
    assert found == metric.score(regression(truth, np.full(501, float(best(truth)))))
    other = metric.score(regression(truth, np.full(501, float(worse(truth)))))
    assert found is not None
    assert other is not None
    assert found > other
