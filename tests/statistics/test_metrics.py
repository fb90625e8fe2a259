"""The conformance suite of metrics: every entry of the table is held to it by being there."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError
from shopfloor.statistics import metrics
from shopfloor.statistics.blocks import rows
from shopfloor.statistics.compare import compare
from shopfloor.statistics.frames import read_predictions
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import FOREIGN, Predictions, classification, from_scores, regression

ENTRIES = [(task, name) for task in Task for name in metrics.names(task)]
CLASSIFIERS = [(task, name) for task, name in ENTRIES if task.classification]


class Stored(BaseEstimator):
    """An estimator that predicts what it was given; X is row numbers."""

    def __init__(self, predicted: np.ndarray, probability: np.ndarray | None, classes: int) -> None:
        self.predicted = predicted
        self.probability = probability
        self.classes_ = np.arange(classes)

    def fit(self, X: Any, y: Any) -> Stored:
        return self

    def predict(self, X: Any) -> np.ndarray:
        return self.predicted

    def predict_proba(self, X: Any) -> np.ndarray | None:
        return self.probability


class StoredClassifier(ClassifierMixin, Stored):
    pass


class StoredRegressor(RegressorMixin, Stored):
    pass


def of_scikit_learn(name: str, predictions: Predictions) -> float | None:
    """What scikit-learn's own scorer says; None where it refuses, warns that it cannot know, or says NaN."""
    kind = StoredClassifier if predictions.task.classification else StoredRegressor
    truth, predicted, probability = predictions.truth, predictions.predicted, predictions.probability
    if predictions.task is Task.BINARY:  # a binary scorer takes 1 for the positive class
        truth, predicted = (truth == predictions.positive).astype(int), (predicted == predictions.positive).astype(int)
        probability = None if probability is None else np.column_stack([1 - predictions.chance(), predictions.chance()])
    model = kind(predicted, probability, len(predictions.classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = get_scorer(name)(model, np.arange(len(truth))[:, None], truth)
        except ValueError:
            return None
    return float(value) if np.isfinite(value) else None


def rows_of(task: Task, seed: int, count: int, *, rough: bool = False) -> Predictions:
    """Rows of a model with some skill in which every class occurs; `rough` ones have many ties."""
    random = np.random.default_rng(seed)
    digits = 1 if rough else 6
    if task is Task.REGRESSION:
        truth = random.gamma(2, 2, count).round(digits)
        return regression(truth, np.abs(truth + random.normal(0, 0.5, count)).round(digits))
    classes = 2 if task is Task.BINARY else 4
    truth = random.integers(0, classes, count)
    truth[:classes] = np.arange(classes)
    raw = random.dirichlet(np.ones(classes), count).round(digits) + 0.05
    raw[np.arange(count), truth] += 0.3
    found = from_scores(task, truth.astype(np.intp), raw / raw.sum(axis=1, keepdims=True))
    if task is Task.BINARY and seed % 2:
        return classification(found.truth, found.predicted, found.probability, classes="ab", positive=0)
    return found


@pytest.mark.parametrize(("task", "name"), ENTRIES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(8, 80), rough=st.booleans())
def test_every_metric_is_scikit_learns(task: Task, name: str, seed: int, count: int, rough: bool) -> None:
    predictions = rows_of(task, seed, count, rough=rough)
    assert metrics.find(name).score(predictions) == pytest.approx(
        of_scikit_learn(name, predictions), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize(("task", "name"), ENTRIES)
def test_run_gate_and_monitoring_say_the_same_of_the_same_rows(task: Task, name: str) -> None:
    """A run scores what the model gives; gate and monitoring read stored columns and labels."""
    found = rows_of(task, 4, 200)
    if task is Task.REGRESSION:
        frame, truth = pd.DataFrame({"prediction": found.predicted}), pd.Series(found.truth)
    else:
        labels = np.array(found.classes)
        columns = {f"probability_{label}": found.probabilities()[:, code] for code, label in enumerate(labels)}
        frame, truth = pd.DataFrame({"prediction": labels[found.predicted], **columns}), pd.Series(labels[found.truth])
    stored = read_predictions(frame, truth, task=task, classes=found.classes, positive="1")
    assert metrics.find(name).score(stored.known()) == metrics.find(name).score(found)


def one_class(task: Task) -> Predictions:
    found = rows_of(task, 1, 60)
    return found.take(found.truth == found.positive)


def without_a_class(task: Task) -> Predictions:
    found = rows_of(task, 1, 60)
    return found.take(found.truth != 0)


def constant_prediction(task: Task) -> Predictions:
    found = rows_of(task, 1, 60)
    if task is Task.REGRESSION:
        return regression(found.truth, np.full(60, 3.0))
    return from_scores(task, found.truth, np.tile(found.probabilities()[0], (60, 1)))


def certain(task: Task) -> Predictions:
    """Right and wrong with certainty: probabilities 0 and 1."""
    found = rows_of(task, 1, 60)
    if task is Task.REGRESSION:
        return regression(found.truth, found.truth)
    return from_scores(task, found.truth, np.eye(len(found.classes))[found.predicted])


def huge(task: Task) -> Predictions:
    return regression(np.array([1e200, -1e200, 3.0]), np.array([-1e200, 1e200, 0.0]))


def single(task: Task) -> Predictions:
    return rows_of(task, 1, 20).take(slice(0, 1))


def constant_target(task: Task) -> Predictions:
    return regression(np.full(30, 0.1), np.linspace(4, 6, 30))  # the mean of which is not quite 0.1


def zeros(task: Task) -> Predictions:
    return regression(np.array([0.0, 0.0, 1.0]), np.array([0.5, 0.0, 2.0]))


EDGES: dict[Task, tuple[Callable[[Task], Predictions], ...]] = {
    Task.BINARY: (one_class, constant_prediction, certain, single),
    Task.MULTICLASS: (one_class, without_a_class, constant_prediction, certain, single),
    Task.REGRESSION: (constant_prediction, certain, constant_target, zeros, huge, single),
}
# Where rows of one kind tell nothing scikit-learn says 0 or 1, which would promise something: here nothing is said.
UNDEFINED = {
    *(("average_precision", edge) for edge in (one_class, single)),
    *((name, edge) for name in ("r2", "explained_variance") for edge in (constant_target, single)),
}
# And where scikit-learn refuses, because a class has no rows or there is one only, the others still have a score.
DEFINED = {
    *("average_precision", "neg_log_loss", "neg_brier_score"),
    *("roc_auc_ovr", "roc_auc_ovr_weighted", "roc_auc_ovo", "roc_auc_ovo_weighted"),
}


@pytest.mark.parametrize(
    ("task", "name", "edge"), [(task, name, edge) for task, name in ENTRIES for edge in EDGES[task]]
)
def test_at_the_edges_a_metric_is_scikit_learns_or_undefined(
    task: Task, name: str, edge: Callable[[Task], Predictions]
) -> None:
    predictions = edge(task)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics.find(name).score(predictions)
    if (name, edge) in UNDEFINED:
        assert found is None
        return
    expected = of_scikit_learn(name, predictions)
    if expected is None and name in DEFINED and found is not None:
        assert -40 < found <= 1
        return
    if expected is None:
        assert found is None
        return
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("task", "name"), ENTRIES)
def test_every_entry_is_complete(task: Task, name: str) -> None:
    metric = metrics.find(name, (task,))
    assert name == metric.name
    assert name in get_scorer_names()
    assert metric.label
    predictions = rows_of(task, 3, 200)
    measured = metric.measure(predictions)
    assert (measured.influence() is not None) is metric.smooth
    assert (measured.resampled is not None) is not metric.smooth
    assert metric.score(predictions.take(slice(0, 0))) is None
    bare = classification(predictions.truth, predictions.predicted, None, classes="abcd"[: len(predictions.classes)])
    if task.classification:
        assert (metric.score(bare) is None) is metric.probabilities
    assert metric.shown(-0.5) == (0.5 if name.startswith("neg_") else -0.5)
    assert metric.shown(None) is None


@pytest.mark.parametrize(("task", "name"), ENTRIES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_rows_contribute_makes_up_the_score(task: Task, name: str, seed: int) -> None:
    """A mean of row losses is the score; an influence is the change by one more row, to first order;
    a draw of every row once is the score, and of some rows that of a table of these."""
    metric, count = metrics.find(name), 400
    predictions = rows_of(task, seed, count)
    measured = metric.measure(predictions)
    losses, influence = metric.losses(predictions), measured.influence()
    if losses is not None:
        assert -losses.mean() == pytest.approx(measured.score)
    if measured.resampled is not None:
        some = np.random.default_rng(seed).integers(0, count, 61)
        assert measured.resampled(np.arange(count)) == pytest.approx(measured.score)
        assert measured.resampled(some) == pytest.approx(metric.score(predictions.take(some)))
        return
    assert influence is not None
    assert float(influence.mean()) == pytest.approx(0, abs=1e-6)
    for row in (0, 17, count - 1):
        moved = metric.measure(predictions.take(np.append(np.arange(count), row))).score - measured.score
        assert moved * count == pytest.approx(float(influence[row]), abs=0.05 + 0.05 * abs(float(influence[row])))


@pytest.mark.parametrize(("task", "name"), ENTRIES)
def test_every_metric_has_a_paired_test_with_an_interval(task: Task, name: str) -> None:
    good, count = rows_of(task, 5, 300), 300
    worse = np.random.default_rng(0).permutation(count)
    bad = Predictions(
        task,
        good.truth,
        good.predicted[worse],
        None if good.probability is None else good.probability[worse],
        good.classes,
        good.positive,
    )
    metric = metrics.find(name)
    found = compare(metric, good, bad, rows(count), alpha=0.05)
    better, other = metric.score(good), metric.score(bad)
    assert better is not None
    assert other is not None
    assert found.gain == pytest.approx(better - other)
    assert found.interval[0] < found.gain < found.interval[1]
    assert found.p_better < 0.5 < found.p_worse
    same = compare(metric, good, good, rows(count), alpha=0.05)
    assert same.gain == 0
    assert not same.better(0.05)
    assert not same.worse(0.05)


def test_the_table_has_no_name_twice() -> None:
    every = [name for metric in metrics.METRICS.values() for name in (metric.name, *metric.aliases)]
    assert len(every) == len(set(every))


def test_each_task_has_a_default_and_its_usual_metrics() -> None:
    assert [metrics.find("", (task,)).name for task in Task] == ["roc_auc", "neg_log_loss", "r2"]
    reported = {task: [metric.name for metric in metrics.reported(task)] for task in Task}
    assert reported == {
        Task.BINARY: ["roc_auc", "average_precision", "neg_log_loss", "neg_brier_score", "accuracy", "f1"],
        Task.MULTICLASS: ["neg_log_loss", "accuracy", "balanced_accuracy", "f1_macro"],
        Task.REGRESSION: ["r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"],
    }


@pytest.mark.parametrize(
    ("name", "tasks", "hint"),
    [
        ("auc", (Task.BINARY,), "roc_auc"),
        ("rmse", (Task.REGRESSION,), "neg_root_mean_squared_error"),
        ("acuracy", (Task.MULTICLASS,), "accuracy"),
        ("r2", (Task.BINARY,), "roc_auc"),
        ("roc_acu", tuple(Task), "roc_auc"),
    ],
)
def test_wrong_names_get_the_nearest(name: str, tasks: tuple[Task, ...], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        metrics.find(name, tasks)
    assert hint in caught.value.hint


def test_people_may_say_what_they_call_a_metric() -> None:
    spoken = metrics.aliases()
    assert spoken["auc"] == spoken["roc_auc"] == ("roc_auc", False)
    assert spoken["rmse"] == spoken["root_mean_squared_error"] == ("neg_root_mean_squared_error", True)
    assert spoken["neg_root_mean_squared_error"] == ("neg_root_mean_squared_error", False)
    assert spoken["max_error"] == ("neg_max_error", True)


def test_names_are_known_without_numpy() -> None:
    """The engine and `config validate` check names; neither needs an array for that."""
    code = (
        "import sys; from shopfloor.statistics import metrics; metrics.find('roc_auc'); metrics.aliases();"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


def test_a_class_that_the_model_was_never_taught_is_a_wrong_prediction() -> None:
    predictions = classification(np.array([0, 1, 1]), np.array([0, FOREIGN, 1]), None, classes="ab")
    assert metrics.find("accuracy").score(predictions) == pytest.approx(2 / 3)
    assert metrics.find("recall").score(predictions) == pytest.approx(1 / 2)


def test_proper_losses_are_those_of_the_proper_metrics() -> None:
    named: dict[Task, Metric] = {
        Task.BINARY: metrics.find("neg_log_loss"),
        Task.MULTICLASS: metrics.find("neg_log_loss"),
        Task.REGRESSION: metrics.find("neg_mean_squared_error"),
    }
    for task, metric in named.items():
        predictions = rows_of(task, 2, 50)
        assert -metrics.proper_losses(predictions).mean() == pytest.approx(metric.score(predictions))


def test_the_weights_of_classes_have_influence_too() -> None:
    """One class is told apart, two are not: a row of the easy class lifts the weighted mean."""
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, 600).astype(np.intp)
    raw = random.random((600, 3))
    raw[truth == 0, 0] += 5
    predictions = from_scores(Task.MULTICLASS, truth, raw / raw.sum(axis=1, keepdims=True))
    metric = metrics.find("roc_auc_ovr_weighted")
    measured = metric.measure(predictions)
    influence = measured.influence()
    assert influence is not None
    for row in range(10):
        more = predictions.take(np.append(np.arange(600), row))
        assert (metric.measure(more).score - measured.score) * 600 == pytest.approx(float(influence[row]), abs=0.02)
