"""The table encoder among scikit-learn's estimators: its own checks, arrays, and names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from tests.artifacts.tables import COLUMNS, mixed_frame, truth_of

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.matrix import empty_matrix
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.domain.columns import Column, ColumnType

FRAME = mixed_frame(300)
TRUTH = truth_of(FRAME)


@parametrize_with_checks([TableEncoder(style="trees"), TableEncoder(style="dense")])  # type: ignore[untyped-decorator]
def test_scikit_learns_own_checks_pass(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("style", ["trees", "dense"])
def test_an_array_gives_the_numbers_of_its_frame(style: Any) -> None:
    frame = FRAME[["price", "count", "city"]].astype(object)
    by_place = TableEncoder(style=style).fit(frame.to_numpy(), TRUTH)
    by_name = TableEncoder(style=style).fit(frame, TRUTH)
    assert np.array_equal(by_place.transform(frame.to_numpy()), by_name.transform(frame), equal_nan=True)
    named = by_place.get_feature_names_out(["price", "count", "city"])
    assert named.tolist() == by_name.get_feature_names_out().tolist()
    assert by_place.get_feature_names_out()[0].startswith("x0")


@pytest.mark.parametrize("names", [range(3), [1.5, 2.5, 3.5]])
def test_columns_whose_names_are_no_text_are_found_by_place(names: Any) -> None:
    frame = FRAME[["price", "count", "city"]]
    plain = frame.set_axis(list(names), axis=1)
    encoded = TableEncoder().fit(plain, TRUTH).transform(plain)
    assert np.array_equal(encoded, TableEncoder().fit_transform(frame, TRUTH), equal_nan=True)
    assert not np.isnan(encoded).all(axis=0).any()


def test_types_may_be_given_for_an_array() -> None:
    columns = (Column(name="level", type=ColumnType.TEXT), Column(name="n", type=ColumnType.NUMBER))
    values = np.array([[k % 3, k] for k in range(60)])
    encoder = TableEncoder(columns).fit(values)
    assert encoder.categorical() == [0]
    assert np.array_equal(encoder.encode_row({"level": 1, "n": 7}), encoder.transform([[1, 7]])[0])
    with pytest.raises(ValueError, match="X has 3 features, but `columns` has 2"):
        TableEncoder(columns).fit(np.zeros((5, 3)))


def test_what_was_fitted_on_places_is_stored_so() -> None:
    values = FRAME[["price", "count"]].to_numpy(dtype=float, na_value=np.nan)
    stored = from_bytes(to_bytes(TableEncoder().fit(values)))
    assert not hasattr(stored, "feature_names_in_")
    assert np.array_equal(stored.transform(values), TableEncoder().fit_transform(values), equal_nan=True)
    named = from_bytes(to_bytes(TableEncoder(COLUMNS).fit(FRAME, TRUTH)))
    assert list(named.feature_names_in_) == list(FRAME.columns)


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (5, 0), (7, 3), (1_500_000, 3)])
def test_small_and_large_matrices_are_alike(rows: int, columns: int) -> None:
    made = empty_matrix(rows, columns)
    assert made.shape == (rows, columns)
    assert made.dtype == np.float64
    made[:, 1:2] = 1.5
    assert made[:, 1:2].sum() == 1.5 * rows * min(columns, 1)
    assert made.flags.f_contiguous


def test_it_works_within_searches_and_column_transformers() -> None:
    model = make_pipeline(TableEncoder(), LogisticRegression())
    search = GridSearchCV(model, {"tableencoder__style": ["dense"], "tableencoder__low": [10, 40]}, cv=2)
    assert search.fit(FRAME, TRUTH).best_score_ > 0.6
    part = make_column_transformer((TableEncoder(style="dense"), ["price", "city"])).set_output(transform="pandas")
    encoded = part.fit_transform(FRAME, TRUTH)
    assert isinstance(encoded, pd.DataFrame)
    assert "tableencoder__price" in encoded.columns
    assert clone(part).fit(FRAME, TRUTH).get_feature_names_out().tolist() == list(encoded.columns)
