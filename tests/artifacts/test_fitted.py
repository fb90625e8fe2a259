"""Fitted models and families: one row gives what a batch gives."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from tests.artifacts.tables import COLUMNS, fields, fitted, mixed_frame, rows_of, truth_of

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.segments import segment_of, segments_of
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError

FRAME = mixed_frame(400)
FRESH = mixed_frame(120, seed=5)
TRUTH = truth_of(FRAME)
LABELS = ["a", "b", "c"]


@cache
def models() -> dict[str, FittedModel]:
    thirds = np.arange(400) % 3
    return {
        "linear": fitted(LogisticRegression(max_iter=200), "dense", FRAME, TRUTH, ["no", "yes"]),
        "linear3": fitted(LogisticRegression(max_iter=200), "dense", FRAME, thirds, LABELS),
        "ridge": fitted(Ridge(), "dense", FRAME, TRUTH.astype(float), []),
        "boosting": fitted(HistGradientBoostingClassifier(max_iter=20), "trees", FRAME, TRUTH, ["no", "yes"]),
        "boosting3": fitted(HistGradientBoostingClassifier(max_iter=9), "trees", FRAME, thirds, LABELS),
        "trees": fitted(HistGradientBoostingRegressor(max_iter=20), "trees", FRAME, TRUTH.astype(float), []),
        "certain": fitted(RidgeClassifier(), "dense", FRAME, thirds, LABELS),
        "forest": fitted(RandomForestClassifier(20, random_state=0), "dense", FRAME, TRUTH, ["no", "yes"]),
    }


@pytest.mark.parametrize("name", ["linear", "linear3", "ridge", "boosting", "boosting3", "trees", "certain", "forest"])
def test_rows_equal_batches(name: str) -> None:
    model = from_bytes(to_bytes(models()[name]))
    batch = model.predict_frame(FRESH)
    assert list(batch.columns) == model.outputs
    assert list(batch.index) == list(FRESH.index)
    expected = batch.to_dict("records")
    rows = rows_of(FRESH)
    assert [model.predict_row(row) for row in rows] == expected
    assert model.predict_rows(rows) == expected
    assert model.predict_rows(rows[:5]) == expected[:5]
    assert model.predict_rows([]) == []


def test_probabilities_are_those_of_the_estimator() -> None:
    model = models()["linear3"]
    assert model.encoder is not None
    own = model.predict_frame(FRESH)[["probability_a", "probability_b", "probability_c"]]
    other = model.estimator.predict_proba(model.encoder.transform(FRESH))
    assert np.allclose(own, other, atol=1e-12)
    labels = np.array(model.classes)[own.to_numpy().argmax(axis=1)]
    assert model.predict_frame(FRESH)["prediction"].tolist() == labels.tolist()


def test_a_class_not_seen_in_training_has_no_probability() -> None:
    model = fitted(LogisticRegression(), "dense", FRAME, TRUTH * 2, LABELS)
    predicted = model.predict_frame(FRESH)
    assert (predicted["probability_b"] == 0.0).all()
    assert np.allclose(predicted[["probability_a", "probability_c"]].sum(axis=1), 1.0)
    assert model.predict_row(rows_of(FRESH)[0]) == predicted.to_dict("records")[0]


def test_missing_columns_are_named_and_unknown_ones_returned() -> None:
    model = models()["boosting"]
    with pytest.raises(DataError, match=r"columns 'price', 'city'"):
        model.predict_frame(FRESH.rename(columns={"price": "prize"}).drop(columns="city"))
    assert model.check_frame([*FRESH.columns, "extra", "id"]) == ("extra", "id")


def test_a_row_may_leave_out_what_was_missing_in_training() -> None:
    columns = (
        Column(name="x", type=ColumnType.NUMBER, nullable=False),
        Column(name="y", type=ColumnType.NUMBER, nullable=True),
    )
    frame = pd.DataFrame({"x": np.arange(20.0), "y": [np.nan, 1.0] * 10})
    encoder = TableEncoder(columns, "dense")
    estimator = LogisticRegression().fit(encoder.fit_transform(frame, np.arange(20) % 2), np.arange(20) % 2)
    model = FittedModel(
        name="m", task=Task.BINARY, classes=["n", "y"], features=fields(columns), encoder=encoder, estimator=estimator
    )
    assert model.predict_row({"x": 1.0})["prediction"] in {"n", "y"}
    with pytest.raises(DataError, match="'x'"):
        model.predict_row({"y": 1.0})


RECIPE = """
from sklearn.linear_model import LogisticRegression

class Mine(LogisticRegression):
    def fit(self, X, y):
        return super().fit(X[["price"]].fillna(0.0), y)

    def predict_proba(self, X):
        return super().predict_proba(X[["price"]].fillna(0.0))
"""


def test_a_recipes_code_travels_with_the_model() -> None:
    import subprocess
    import sys

    from shopfloor.artifacts.frames import to_frame
    from shopfloor.artifacts.recipe_code import module_of
    from shopfloor.artifacts.table import parse

    module = module_of(RECIPE, "recipes/mine.py")
    estimator = module.Mine().fit(to_frame(parse(FRAME, COLUMNS), COLUMNS), TRUTH)
    model = FittedModel(
        name="m", task=Task.BINARY, classes=["no", "yes"], features=fields(), encoder=None, estimator=estimator,
        recipe=("recipes/mine.py", RECIPE),
    )  # fmt: skip
    expected = model.predict_frame(FRESH)
    assert model.predict_rows(rows_of(FRESH)) == expected.to_dict("records")
    code = (
        "import sys; from shopfloor.artifacts import family, pickling\n"
        "model = pickling.from_bytes(sys.stdin.buffer.read())\n"
        "print(model.predict_row({'price': 30.0, 'count': 1, 'member': True, 'city': None, 'product': None,"
        " 'note': None, 'day': None, 'at': None})['probability_yes'])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=to_bytes(model), capture_output=True, check=True)
    row: dict[str, Any] = {**dict.fromkeys((c.name for c in COLUMNS), None), "price": 30.0, "count": 1, "member": True}
    assert float(done.stdout) == model.predict_row(row)["probability_yes"]


def family() -> FittedFamily:
    members = {}
    for city in ("Bern", "Basel"):
        rows = (FRAME["city"] == city).to_numpy()
        model = fitted(LogisticRegression(), "dense", FRAME[rows].reset_index(drop=True), TRUTH[rows], ["no", "yes"])
        members[city] = to_bytes(model)
    return FittedFamily(segment_by=["city"], members=members, pooled=models()["boosting"])


def test_a_family_answers_by_segment() -> None:
    model = from_bytes(to_bytes(family()))
    batch = model.predict_frame(FRESH)
    assert list(batch.columns) == ["segment", "prediction", "probability_no", "probability_yes"]
    rows = rows_of(FRESH)
    expected = batch.to_dict("records")
    assert [model.predict_row(row) for row in rows] == expected
    assert model.predict_rows(rows) == expected
    assert set(batch["segment"]) >= {"Bern", "Chur", "(missing)"}
    own = models()["boosting"].predict_frame(FRESH)
    pooled = ~batch["segment"].isin(["Bern", "Basel"])
    assert np.array_equal(batch["probability_yes"][pooled], own["probability_yes"][pooled])
    assert not np.array_equal(batch["probability_yes"][~pooled], own["probability_yes"][~pooled])


def test_a_family_needs_its_key() -> None:
    with pytest.raises(DataError, match="'city'"):
        family().predict_frame(FRESH.drop(columns="city"))
    with pytest.raises(DataError, match="'city'"):
        family().predict_row({"price": 1.0})


def test_segments_never_run_together() -> None:
    frame = pd.DataFrame({"a": ["x|y", "x", None, "x\\"], "b": ["z", "y|z", 1, "|z"]})
    found = segments_of(frame, ["a", "b"]).tolist()
    assert len(set(found)) == 4
    assert found == [segment_of(row, ["a", "b"]) for row in frame.to_dict("records")]
    assert segments_of(pd.DataFrame({"k": [1.0, 2.0]}), ["k"]).tolist() == ["1", "2"]
