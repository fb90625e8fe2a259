"""The flat copy of boosted trees: the bits of scikit-learn, also for missing and unknown values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import ensemble
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from shopfloor.artifacts.scorers import BoostingScorer, ForestScorer, scorer_for
from shopfloor.artifacts.trees import FlatTrees


def table(rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(rows, 6))
    found[:, 1] = rng.choice([0.0, 2.0, 5.0, 9.0], rows)  # codes with holes
    found[:, 4] = rng.integers(0, 40, rows)
    found[rng.random(found.shape) < 0.1] = np.nan
    return found


def target(rows: np.ndarray, classes: int) -> np.ndarray:
    score = np.nan_to_num(rows[:, 0]) + (rows[:, 1] == 5) + np.isnan(rows[:, 2]) + np.sin(np.nan_to_num(rows[:, 4]))
    if not classes:
        return score
    return np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


@pytest.mark.parametrize("classes", [0, 2, 4])
@pytest.mark.parametrize("categorical", [None, [1, 4]])
def test_flat_trees_give_the_same_bits(classes: int, categorical: Any) -> None:
    rows = table(2000)
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(max_iter=30, categorical_features=categorical).fit(rows, target(rows, classes))
    fresh = table(500, seed=1)
    fresh[:20, 1] = 7.0  # a code never seen
    fresh[20:40, 4] = 200.0
    fresh[40:60, 4] = -1.0
    scorer = BoostingScorer(model, classes)
    assert scorer.flat() is not None
    single = np.array([scorer.row(row) for row in fresh])
    assert np.array_equal(single, scorer.batch(fresh))
    assert np.array_equal(np.array([scorer.batch(fresh[k : k + 1])[0] for k in range(60)]), scorer.batch(fresh)[:60])
    if classes:
        assert np.allclose(single, model.predict_proba(fresh), atol=1e-15)
    else:
        assert np.array_equal(single[:, 0], model.predict(fresh))


@pytest.mark.parametrize("classes", [0, 2, 4])
@pytest.mark.parametrize("kind", ["ExtraTrees", "RandomForest"])
def test_flat_forests_give_the_same_bits(classes: int, kind: str) -> None:
    rows = table(1000)
    made = getattr(ensemble, f"{kind}{'Classifier' if classes else 'Regressor'}")
    model = made(20, min_samples_leaf=2, random_state=0).fit(rows, target(rows, classes))
    fresh = table(200, seed=1)
    fresh[:5, 0] = [1e300, -1e300, np.inf, -np.inf, 1e-50]
    scorer = scorer_for(model, classes)
    assert isinstance(scorer, ForestScorer)
    assert scorer.flat() is not None
    single = np.array([scorer.row(row) for row in fresh])
    assert np.array_equal(single, scorer.batch(fresh))
    assert np.array_equal(single[:30], scorer.batch(fresh[:30]))
    own = model.predict_proba(fresh[5:]) if classes else model.predict(fresh[5:]).reshape(-1, 1)
    assert np.array_equal(single[5:], own)


def test_a_copy_that_differs_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(500)
    model = HistGradientBoostingClassifier(max_iter=5).fit(rows, target(rows, 2))
    right = FlatTrees.raw
    monkeypatch.setattr(FlatTrees, "raw", lambda self, row: [value + 1e-12 for value in right(self, row)])
    scorer = BoostingScorer(model, 2)
    assert scorer.flat() is None
    assert scorer.row(rows[0]) == scorer.batch(rows)[0].tolist()


def test_trees_stored_in_another_way_fall_back() -> None:
    rows = table(500)
    model = HistGradientBoostingClassifier(max_iter=5).fit(rows, target(rows, 2))
    expected = model.predict_proba(rows[:3])
    scorer = BoostingScorer(model, 2)
    mapper = model.__dict__.pop("_bin_mapper")
    assert scorer.flat() is None
    model._bin_mapper = mapper
    assert np.allclose([scorer.row(row) for row in rows[:3]], expected)
