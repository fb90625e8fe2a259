"""Metrics of stored answers agree with scikit-learn, and their errors with chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from shopfloor.domain.definition import Task
from shopfloor.monitoring.answers import read_answers
from shopfloor.monitoring.scores import constant_score, score, score_with_error, stretch_scores


def binary(n: int = 400, seed: int = 0, signal: float = 1.0) -> Any:
    """Truth and chances of a model with some skill."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.3
    chance = 1 / (1 + np.exp(-(signal * (truth - 0.5) + rng.normal(0, 1, n))))
    frame = pd.DataFrame(
        {"prediction": np.where(chance >= 0.5, "yes", "no"), "probability_no": 1 - chance, "probability_yes": chance}
    )
    return (
        read_answers(frame, pd.Series(np.where(truth, "yes", "no")), Task.BINARY, ("no", "yes"), "yes"),
        truth,
        chance,
    )


def test_binary_metrics_are_scikit_learns() -> None:
    answers, truth, chance = binary()
    expected = {
        "roc_auc": metrics.roc_auc_score(truth, chance),
        "average_precision": metrics.average_precision_score(truth, chance),
        "accuracy": metrics.accuracy_score(truth, chance >= 0.5),
        "f1": metrics.f1_score(truth, chance >= 0.5),
        "neg_log_loss": -metrics.log_loss(truth, chance),
        "neg_brier_score": -metrics.brier_score_loss(truth, chance),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, chance >= 0.5),
        "matthews_corrcoef": metrics.matthews_corrcoef(truth, chance >= 0.5),
    }
    for name, value in expected.items():
        assert score(name, answers) == pytest.approx(value), name


def test_the_positive_class_is_the_named_one() -> None:
    answers, truth, chance = binary()
    frame = pd.DataFrame(
        {"prediction": np.where(chance >= 0.5, "yes", "no"), "probability_no": 1 - chance, "probability_yes": chance}
    )
    other = read_answers(frame, pd.Series(np.where(truth, "yes", "no")), Task.BINARY, ("no", "yes"), "no")
    assert score("f1", other) == pytest.approx(metrics.f1_score(~truth, chance < 0.5))
    assert score("roc_auc", other) == pytest.approx(score("roc_auc", answers))


def test_metrics_of_numbers_and_of_many_classes() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    numbers = read_answers(pd.DataFrame({"prediction": truth + 0.5}), pd.Series(truth), Task.REGRESSION, (), None)
    assert score("neg_mean_absolute_error", numbers) == pytest.approx(-0.5)
    assert score("neg_root_mean_squared_error", numbers) == pytest.approx(-0.5)
    labels = rng.choice(["a", "b", "c"], 200)
    table = rng.dirichlet([1, 1, 1], 200)
    frame = pd.DataFrame(
        {
            "prediction": np.array(["a", "b", "c"])[table.argmax(axis=1)],
            **{f"probability_{one}": table[:, k] for k, one in enumerate("abc")},
        }
    )
    many = read_answers(frame, pd.Series(labels), Task.MULTICLASS, ("a", "b", "c"), None)
    assert score("accuracy", many) == pytest.approx((frame["prediction"] == labels).mean())
    assert score("neg_log_loss", many) == pytest.approx(-metrics.log_loss(labels, table))
    assert score("roc_auc_ovr", many) == pytest.approx(metrics.roc_auc_score(labels, table, multi_class="ovr"))


def test_what_is_undefined_is_none() -> None:
    answers, truth, _ = binary()
    one_class = answers.take(truth)
    assert score("roc_auc", one_class) is None
    assert score_with_error("roc_auc", one_class) is None
    assert score("accuracy", answers.take(slice(0, 0))) is None
    bare = read_answers(
        pd.DataFrame({"prediction": ["yes", "no"]}), pd.Series(["yes", "no"]), Task.BINARY, ("no", "yes"), "yes"
    )
    assert score("roc_auc", bare) is None
    assert score("accuracy", bare) == 1


def test_the_standard_error_is_about_that_of_repetition() -> None:
    repeated = [binary(500, seed)[0] for seed in range(120)]
    scores = [score("roc_auc", one) for one in repeated]
    errors = [found.error for one in repeated[:20] if (found := score_with_error("roc_auc", one)) is not None]
    assert np.mean(errors) == pytest.approx(np.std(np.array(scores, dtype=float)), rel=0.3)


def test_neighbours_that_share_their_luck_widen_the_error() -> None:
    rng = np.random.default_rng(0)
    shared = np.repeat(rng.normal(size=30), 20)
    truth = pd.Series(np.zeros(600))
    blocks = read_answers(pd.DataFrame({"prediction": shared}), truth, Task.REGRESSION, (), None)
    mixed = blocks.take(rng.permutation(600))
    in_order, shuffled = (
        score_with_error("neg_mean_absolute_error", blocks),
        score_with_error("neg_mean_absolute_error", mixed),
    )
    assert in_order is not None
    assert shuffled is not None
    assert in_order.error > 2.5 * shuffled.error


def test_a_constant_answer_and_stretches() -> None:
    answers, truth, _ = binary(1000)
    assert constant_score("roc_auc", answers) == pytest.approx(0.5)
    assert constant_score("accuracy", answers) == pytest.approx(max(truth.mean(), 1 - truth.mean()))
    assert len(stretch_scores("accuracy", answers)) == 5
    assert stretch_scores("accuracy", answers.take(slice(0, 599))) == ()
