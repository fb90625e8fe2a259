from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from shopfloor.domain.errors import DataError, UsageError
from shopfloor.release.metrics import find, measure, names
from shopfloor.release.scored import FOREIGN, Scored, classification, regression
from shopfloor.training.metrics import METRICS as TRAINED


def classifier(seed: int, rows: int, classes: int) -> Scored:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, rows)
    truth[:classes] = np.arange(classes)
    chance = random.dirichlet(np.ones(classes), rows).round(2) + 0.05
    chance[np.arange(rows), truth] += 0.3
    chance /= chance.sum(axis=1, keepdims=True)
    return classification(truth.astype(np.intp), chance.argmax(axis=1), chance, classes=classes)


def regressor(seed: int, rows: int) -> Scored:
    random = np.random.default_rng(seed)
    target = random.gamma(2, 2, rows)
    return regression(target, np.abs(target + random.normal(0, 0.5, rows)))


def expected(name: str, scored: Scored) -> float:
    """scikit-learn's answer."""
    truth, answer, chance = scored.target_code, scored.answer_code, scored.probability
    assert chance is not None
    several = scored.classes > 2
    if name.startswith("roc_auc"):
        kind = "ovo" if "ovo" in name else "ovr"
        average = "weighted" if name.endswith("weighted") else "macro"
        if several:
            return float(reference.roc_auc_score(truth, chance, multi_class=kind, average=average))
        return float(reference.roc_auc_score(truth, chance[:, 1]))
    if name == "average_precision":
        return float(
            np.mean([reference.average_precision_score(truth == k, chance[:, k]) for k in range(scored.classes)])
            if several
            else reference.average_precision_score(truth, chance[:, 1])
        )
    if name == "neg_log_loss":
        return -float(reference.log_loss(truth, chance))
    if name == "neg_brier_score":
        return -float(reference.brier_score_loss(truth, chance if several else chance[:, 1]))
    if name == "accuracy":
        return float(reference.accuracy_score(truth, answer))
    if name == "balanced_accuracy":
        return float(reference.balanced_accuracy_score(truth, answer))
    if name == "matthews_corrcoef":
        return float(reference.matthews_corrcoef(truth, answer))
    family, _, average = name.partition("_")
    function = getattr(reference, f"{family}_score")
    options = {"average": average} if average else {"average": "binary"}
    return float(function(truth, answer, zero_division=0, **options))


OF_ONE_CLASS = {"f1", "precision", "recall", "jaccard"}
CASES = [(name, classes) for name in names(classification=True) for classes in (2, 4)]


@pytest.mark.parametrize(("name", "classes"), [one for one in CASES if one[1] == 2 or one[0] not in OF_ONE_CLASS])
def test_scores_of_classes_are_scikit_learns(name: str, classes: int) -> None:
    for seed in range(5):
        scored = classifier(seed, 60, classes)
        assert measure(find(name), scored) == pytest.approx(expected(name, scored), abs=1e-9)


REGRESSION = {
    "r2": reference.r2_score,
    "explained_variance": reference.explained_variance_score,
    "neg_mean_absolute_error": reference.mean_absolute_error,
    "neg_mean_squared_error": reference.mean_squared_error,
    "neg_root_mean_squared_error": reference.root_mean_squared_error,
    "neg_median_absolute_error": reference.median_absolute_error,
    "neg_mean_absolute_percentage_error": reference.mean_absolute_percentage_error,
    "neg_mean_squared_log_error": reference.mean_squared_log_error,
    "neg_root_mean_squared_log_error": reference.root_mean_squared_log_error,
    "neg_max_error": reference.max_error,
    "max_error": reference.max_error,
}


def test_every_metric_of_numbers_is_compared() -> None:
    assert set(REGRESSION) == set(names(classification=False))


@pytest.mark.parametrize("name", REGRESSION)
def test_scores_of_numbers_are_scikit_learns(name: str) -> None:
    sign = -1 if name.startswith(("neg_", "max_")) else 1
    for seed in range(5):
        scored = regressor(seed, 51 + seed)
        assert measure(find(name), scored) == pytest.approx(sign * REGRESSION[name](scored.target, scored.answer))


def test_the_gate_knows_every_metric_that_training_offers() -> None:
    assert set(TRAINED) <= {*names(classification=True), *names(classification=False)}


@pytest.mark.parametrize("name", [*names(classification=True), *names(classification=False)])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_influence_is_the_change_by_one_more_row(name: str, seed: int) -> None:
    """Adding a second copy of row i moves the score by influence_i / n, to first order."""
    metric = find(name)
    if metric.influence is None:
        return
    rows = 400
    scored = classifier(seed, rows, 2 + seed % 2) if metric.classification else regressor(seed, rows)
    score, influence = metric.influence(scored)
    assert float(influence.mean()) == pytest.approx(0, abs=1e-6)
    for row in (0, 17, rows - 1):
        more = scored.take(np.append(np.arange(rows), row))
        moved = metric.score(more) - score
        assert moved * rows == pytest.approx(float(influence[row]), abs=0.05 + 0.05 * abs(float(influence[row])))


def test_the_weights_of_classes_have_influence_too() -> None:
    """One class is told apart, two are not: a row of the easy class lifts the weighted mean."""
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, 600).astype(np.intp)
    raw = random.random((600, 3))
    raw[truth == 0, 0] += 5
    chance = raw / raw.sum(axis=1, keepdims=True)
    scored = classification(truth, chance.argmax(axis=1), chance, classes=3)
    metric = find("roc_auc_ovr_weighted")
    assert metric.influence is not None
    score, influence = metric.influence(scored)
    for row in range(10):
        more = scored.take(np.append(np.arange(600), row))
        assert (metric.score(more) - score) * 600 == pytest.approx(float(influence[row]), abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 29), min_size=1, max_size=60))
def test_the_drawn_median_is_the_median_of_the_draw(seed: int, index: list[int]) -> None:
    scored = regressor(seed, 30)
    metric = find("neg_median_absolute_error")
    assert metric.draws is not None
    rows = np.array(index, dtype=np.intp)
    assert metric.draws(scored)(rows) == pytest.approx(-float(np.median(np.abs(scored.target - scored.answer)[rows])))


def test_a_class_that_the_model_was_never_taught_is_a_wrong_answer() -> None:
    scored = classification(np.array([0, 1, 1]), np.array([0, FOREIGN, 1]), None, classes=2)
    assert measure(find("accuracy"), scored) == pytest.approx(2 / 3)
    assert measure(find("recall"), scored) == pytest.approx(1 / 2)


@pytest.mark.parametrize("name", names(classification=True))
def test_one_class_never_warns_or_fails(name: str) -> None:
    scored = classification(
        np.zeros(20, dtype=np.intp), np.zeros(20, dtype=np.intp), np.tile([0.6, 0.4], (20, 1)), classes=2
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = measure(find(name), scored)
    assert np.isnan(value) or np.isfinite(value)


def test_no_rows_have_no_score() -> None:
    assert np.isnan(measure(find("accuracy"), classifier(1, 10, 2).take(np.array([], dtype=np.intp))))


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="roc_acu") as caught:
        find("roc_acu")
    assert "roc_auc" in caught.value.hint


def test_a_metric_of_chances_needs_chances() -> None:
    bare = classification(np.array([0, 1]), np.array([0, 1]), None, classes=2)
    with pytest.raises(DataError, match="no probabilities"):
        measure(find("neg_log_loss"), bare)


def test_errors_are_shown_positive() -> None:
    assert find("neg_mean_absolute_error").shown(-3.5) == 3.5
    assert find("roc_auc").shown(0.8) == 0.8
    assert find("roc_auc").shown(None) is None
