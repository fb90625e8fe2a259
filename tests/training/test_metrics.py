"""Metrics: the numbers of scikit-learn's scorers of the same name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import get_scorer, get_scorer_names

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.metrics import metric_for, metric_names
from shopfloor.training.metrics import METRICS, losses, score, score_all


class Given:
    """An estimator that predicts what it was given."""

    _estimator_type = "classifier"

    def __init__(self, scores: np.ndarray, task: Task) -> None:
        self.scores = scores
        self.task = task
        self.classes_ = np.arange(scores.shape[1])

    def __sklearn_tags__(self) -> Any:
        from sklearn.dummy import DummyClassifier, DummyRegressor

        return (DummyRegressor() if self.task is Task.REGRESSION else DummyClassifier()).__sklearn_tags__()

    def fit(self, X: Any, y: Any) -> Given:
        return self

    def predict(self, X: Any) -> np.ndarray:
        return self.scores[:, 0] if self.task is Task.REGRESSION else self.scores.argmax(axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        return self.scores


def sample(task: Task) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    if task is Task.REGRESSION:
        truth = rng.normal(10, 3, 300)
        return truth, (truth + rng.normal(0, 1, 300))[:, None]
    classes = 2 if task is Task.BINARY else 4
    truth = rng.integers(0, classes, 300)
    raw = rng.random((300, classes)).round(1) + 0.05 + np.eye(classes)[truth] * 0.5
    return truth, raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in Task for name in metric_names(task)])
def test_metrics_are_scikit_learns(task: Task, name: str) -> None:
    assert name in get_scorer_names()
    truth, scores = sample(task)
    expected = get_scorer(name)(Given(scores, task), np.zeros((300, 1)), truth)
    assert score(name, truth, scores) == pytest.approx(expected, abs=1e-12)


def test_undefined_is_none() -> None:
    one = np.ones(5, dtype=int)
    scores = np.full((5, 2), 0.5)
    assert score("roc_auc", one, scores) is None
    assert score("average_precision", one, scores) is None
    assert score("accuracy", one[:0], scores[:0]) is None
    assert score("r2", np.array([1.0]), np.array([[1.0]])) is None
    assert score_all(Task.BINARY, one, scores)["accuracy"] == 0.0


def test_losses_are_proper() -> None:
    truth, scores = sample(Task.MULTICLASS)
    assert -losses(Task.MULTICLASS, truth, scores).mean() == pytest.approx(score("neg_log_loss", truth, scores))
    truth, scores = sample(Task.REGRESSION)
    assert -losses(Task.REGRESSION, truth, scores).mean() == pytest.approx(
        score("neg_mean_squared_error", truth, scores)
    )


@pytest.mark.parametrize(
    ("name", "task", "hint"),
    [
        ("auc", Task.BINARY, "roc_auc"),
        ("rmse", Task.REGRESSION, "neg_root_mean_squared_error"),
        ("acuracy", Task.MULTICLASS, "accuracy"),
        ("r2", Task.BINARY, "Valid: "),
    ],
)
def test_wrong_names_get_the_nearest(name: str, task: Task, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        metric_for(name, task)
    assert hint in caught.value.hint


def test_each_task_has_a_default() -> None:
    assert [metric_for("", task) for task in Task] == ["roc_auc", "neg_log_loss", "r2"]
    assert set(METRICS) == {name for task in Task for name in metric_names(task)}
