"""The table encoder: rows equal batches, targets do not leak, odd input has an answer."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tests.artifacts.tables import COLUMNS, mixed_frame, rows_of, truth_of

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.table import parse
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError

FRAME = mixed_frame(400)
TRUTH = truth_of(FRAME)
TARGETS = {
    "binary": TRUTH,
    "many": np.arange(400) % 3,
    "numbers": np.log1p(FRAME["price"].fillna(1.0).to_numpy()),
}
KINDS = [(style, target) for style in ("trees", "dense") for target in TARGETS]


@cache
def encoder_for(style: Any, target: str) -> TableEncoder:
    return TableEncoder(COLUMNS, style, order="at").fit(FRAME, TARGETS[target])


numbers = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-(2**70), 2**70), st.just(np.float64(2.5))
)
FIRST, LAST = date(1900, 1, 1), date(2300, 1, 1)
moments = st.one_of(
    st.none(),
    st.dates(FIRST, LAST),
    st.datetimes(datetime.combine(FIRST, time()), datetime.combine(LAST, time())),
)
texts = st.one_of(st.none(), st.sampled_from(["Bern", "Chur", "Visp", "p1", "p79", ""]), st.text(max_size=40))
rows = st.fixed_dictionaries(
    {},
    optional={
        "price": numbers,
        "count": numbers,
        "member": st.sampled_from([True, False, None, 0, 1]),
        "city": texts,
        "product": texts,
        "note": st.one_of(texts, st.lists(st.sampled_from(["late", "box", "fine", "été"]), max_size=9).map(" ".join)),
        "day": moments,
        "at": moments,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5), st.sampled_from(KINDS))
def test_row_path_equals_batch_path(values: list[dict[str, Any]], which: tuple[str, str]) -> None:
    encoder = encoder_for(*which)
    frame = pd.DataFrame([{c.name: row.get(c.name) for c in COLUMNS} for row in values], dtype=object)
    batch = encoder.transform(frame)
    single = np.array([encoder.encode_row(row) for row in values])
    assert np.array_equal(batch, single, equal_nan=True)


@pytest.mark.parametrize("which", KINDS)
def test_row_path_equals_batch_path_on_lake_dtypes(which: tuple[str, str]) -> None:
    encoder = encoder_for(*which)
    fresh = mixed_frame(200, seed=7)
    single = np.array([encoder.encode_row(row) for row in rows_of(fresh)])
    assert np.array_equal(encoder.transform(fresh), single, equal_nan=True)


def test_dense_output_is_finite_and_trees_keep_missing() -> None:
    fresh = mixed_frame(200, seed=3, gaps=0.3)
    assert np.isfinite(encoder_for("dense", "binary").transform(fresh)).all()
    assert np.isnan(encoder_for("trees", "binary").transform(fresh)).any()


@pytest.mark.parametrize("style", ["trees", "dense"])
def test_a_frame_of_rows_never_seen_is_encoded(style: Any) -> None:
    encoder = encoder_for(style, "binary")
    width = len(encoder.get_feature_names_out())
    assert encoder.transform(FRAME.iloc[:0]).shape == (0, width)
    assert encoder.transform(pd.DataFrame({"other": [1, 2]})).shape == (2, width)
    assert encoder.encode_row({}).shape == (width,)


def test_unknown_levels_are_the_rare_ones() -> None:
    encoder = TableEncoder((Column(name="city", type=ColumnType.TEXT),), "dense")
    frame = pd.DataFrame({"city": ["a"] * 50 + ["b"] * 40 + ["rare"]})
    encoder.fit(frame, np.arange(91) % 2)
    assert list(encoder.get_feature_names_out()) == ["city=a", "city=b", "city other"]
    for city in ("rare", "never seen"):
        assert encoder.encode_row({"city": city}).tolist() == [0.0, 0.0, 1.0]
        assert encoder.transform(pd.DataFrame({"city": [city]})).tolist() == [[0.0, 0.0, 1.0]]


def test_many_levels_do_not_leak_the_target() -> None:
    """A column of random levels seen twice predicts nothing, although in-sample means would."""
    rng = np.random.default_rng(1)
    levels = [f"l{k}" for k in np.repeat(np.arange(1000), 2)]
    target = rng.integers(0, 2, 2000)
    frame = pd.DataFrame({"level": levels})
    encoder = TableEncoder((Column(name="level", type=ColumnType.TEXT),), "trees")
    encoded = encoder.fit_transform(frame, target)[:, 0]
    assert abs(np.corrcoef(encoded, target)[0, 1]) < 0.1


def test_copies_in_one_fold_do_not_leak_the_target() -> None:
    """Ten copies of each row: dealt at random over folds they would tell each other's outcome."""
    rng = np.random.default_rng(1)
    target = np.repeat(rng.integers(0, 2, 500), 10)
    frame = pd.DataFrame({"level": [f"l{k}" for k in np.repeat(np.arange(500), 10)]})
    column = (Column(name="level", type=ColumnType.TEXT),)
    stretches = np.arange(5000) * 5 // 5000
    apart = TableEncoder(column).fit_transform(frame, target, folds=stretches)[:, 0]
    assert np.ptp(apart) < 1e-9
    mixed = TableEncoder(column).fit_transform(frame, target)[:, 0]
    assert np.corrcoef(mixed, target)[0, 1] > 0.9


def test_a_level_is_not_told_from_its_season() -> None:
    """Outcomes drift over time, levels live for two fifths of it, and none matters: the column is flat."""
    rng = np.random.default_rng(1)
    season = np.arange(6000) / 6000
    target = (rng.random(6000) < season).astype(int)
    born = (season * 5 + rng.random(6000)).astype(int)
    frame = pd.DataFrame({"level": [f"l{k}" for k in rng.integers(0, 60, 6000) + born * 60]})
    column = (Column(name="level", type=ColumnType.TEXT),)
    folds = np.arange(6000) * 5 // 6000
    encoded = TableEncoder(column).fit_transform(frame, target, folds=folds)[:, 0]
    assert np.ptp(encoded) < 1e-6


def test_many_levels_keep_a_true_signal() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 100, 5000)
    target = (rng.random(5000) < np.where(codes % 2, 0.8, 0.2)).astype(int)
    frame = pd.DataFrame({"level": [f"l{k}" for k in codes]})
    encoder = TableEncoder((Column(name="level", type=ColumnType.TEXT),), "trees")
    encoded = encoder.fit_transform(frame, target)[:, 0]
    assert np.corrcoef(encoded, target)[0, 1] > 0.5
    assert encoder.encode_row({"level": "unknown"})[0] == pytest.approx(target.mean())


def test_a_months_name_is_not_learned_from_one_year() -> None:
    days = pd.date_range("2024-01-01", "2024-12-31", freq="6h")
    column = (Column(name="at", type=ColumnType.TIMESTAMP),)
    one = TableEncoder(column, order="at").fit(pd.DataFrame({"at": days}))
    assert list(one.get_feature_names_out()) == ["at minute", "at weekday", "at day"]
    years = pd.date_range("2022-01-01", "2024-12-31", freq="6h")
    three = TableEncoder(column, order="at").fit(pd.DataFrame({"at": years}))
    assert "at month" in three.get_feature_names_out()


def test_other_dates_count_days_back_from_the_ordering_one() -> None:
    at = pd.date_range("2024-01-01", periods=100, freq="D")
    frame = pd.DataFrame({"at": at, "signed": at - pd.to_timedelta(np.arange(100) % 7, unit="D")})
    columns = (Column(name="at", type=ColumnType.TIMESTAMP), Column(name="signed", type=ColumnType.DATE))
    encoder = TableEncoder(columns, order="at").fit(frame)
    names = list(encoder.get_feature_names_out())
    place = names.index("signed days before at")
    assert encoder.transform(frame)[:, place].tolist() == (np.arange(100) % 7).tolist()


@pytest.mark.parametrize("style", ["trees", "dense"])
def test_columns_without_variation_have_no_output(style: Any) -> None:
    frame = pd.DataFrame({"n": [1.0] * 30, "t": ["a"] * 30, "e": [None] * 30, "d": [pd.Timestamp("2024-01-01")] * 30})
    types = [ColumnType.NUMBER, ColumnType.TEXT, ColumnType.TEXT, ColumnType.DATE]
    columns = tuple(Column(name=name, type=kind) for name, kind in zip(frame, types, strict=True))
    assert TableEncoder(columns, style).fit(frame, np.arange(30) % 2).transform(frame).shape == (30, 0)


@pytest.mark.parametrize(
    ("column", "value"),
    [("price", "cheap"), ("count", "many"), ("member", "perhaps"), ("city", 1.5), ("day", "soon"), ("at", 17)],
)
def test_wrong_types_are_refused_in_both_paths(column: str, value: Any) -> None:
    encoder = encoder_for("trees", "binary")
    frame = FRAME.astype(object).head(3)
    frame.loc[1, column] = value
    for attempt in (lambda: encoder.transform(frame), lambda: encoder.encode_row({column: value})):
        with pytest.raises(DataError) as caught:
            attempt()
        assert repr(column) in caught.value.message
        assert repr(str(value)) in caught.value.message


def test_a_parsed_table_can_be_shared() -> None:
    encoder = encoder_for("dense", "binary")
    table = parse(FRAME, COLUMNS)
    rows = np.array([5, 3, 3, 200])
    assert np.array_equal(encoder.transform(table.take(rows)), encoder.transform(FRAME.iloc[rows]))
    assert np.array_equal(encoder.transform(table.take(rows).compact()), encoder.transform(FRAME.iloc[rows]))


def test_fits_of_the_same_rows_are_the_same_bytes() -> None:
    made = [to_bytes(TableEncoder(COLUMNS, "dense", order="at").fit(FRAME.copy(), TRUTH)) for _ in range(2)]
    assert made[0] == made[1]
    assert np.array_equal(from_bytes(made[0]).transform(FRAME), encoder_for("dense", "binary").transform(FRAME))


def test_it_is_a_scikit_learn_transformer() -> None:
    encoder = clone(TableEncoder(style="dense", low=10))
    assert encoder.get_params()["low"] == 10
    model = make_pipeline(TableEncoder(style="dense"), LogisticRegression())
    model.fit(FRAME, TRUTH)
    assert model.score(FRAME, TRUTH) > 0.7


def test_a_row_is_encoded_with_few_calls() -> None:
    """Frames, or a step of Python a level, would cost hundreds; `benchmarks.encoding` measures the time."""
    row = next(one for one in rows_of(FRAME) if all(value is not None for value in one.values()))
    del row["note"]
    columns = [column for column in COLUMNS if column.name != "note"]
    encoder = TableEncoder(columns, "dense", order="at").fit(FRAME, TRUTH)
    encoder.encode_row(row)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        encoder.encode_row(row)
    finally:
        sys.setprofile(None)
    assert calls <= 20 * len(columns), calls
