"""Every column of the dataset is watched, the model's or not: what was constant or empty in training may wake up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from tests.monitoring.frames import FEATURES, checked_at, context, moment, month, months

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict, Severity
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.check_context import InputRows
from shopfloor.monitoring.coverage import unchecked
from shopfloor.monitoring.delivery_verdict import evidence_of
from shopfloor.monitoring.records import AlertChanges, Reference
from shopfloor.monitoring.reference import build_reference
from shopfloor.monitoring.run_checks import check_all

OTHERS = (
    Column(name="fixed", type=ColumnType.NUMBER),
    Column(name="code", type=ColumnType.INTEGER),
    Column(name="site", type=ColumnType.TEXT),
    Column(name="flag", type=ColumnType.BOOLEAN),
    Column(name="hollow", type=ColumnType.NUMBER),
    Column(name="blank", type=ColumnType.TEXT),
    Column(name="year", type=ColumnType.INTEGER),
    Column(name="season", type=ColumnType.TEXT),
    Column(name="loaded_on", type=ColumnType.DATE),
    Column(name="spare", type=ColumnType.NUMBER),
)


def rows(number: int, count: int = 1000) -> pd.DataFrame:
    frame = month(number, count)
    return frame.assign(
        fixed=0.7,
        code=4,
        site="north",
        flag=True,
        hollow=np.nan,
        blank=None,
        year=2013,
        season="2013",
        loaded_on=frame["at"].to_numpy().astype("datetime64[D]").astype("datetime64[us]"),
        spare=np.random.default_rng(number).normal(100, 5, count),
    )


def reference(frame: pd.DataFrame, others: tuple[Column, ...] = OTHERS) -> Reference:
    return build_reference(
        frame,
        FEATURES,
        others=others,
        model="m",
        task=Task.BINARY,
        metric="roc_auc",
        time=frame["at"],
        importances={"temp": 3.0, "carrier": 1.0},
        created_at=datetime(2013, 1, 1, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def learned() -> Reference:
    return reference(pd.concat([rows(number) for number in range(8)], ignore_index=True))


def checked(reference: Reference, frame: pd.DataFrame, history: tuple[CheckResult, ...] = ()) -> AlertChanges:
    return judged(check_all(context(reference, 8, frame=frame, history=history)), history)


def judged(results: list[CheckResult], history: tuple[CheckResult, ...] = ()) -> AlertChanges:
    definition = ModelDefinition(name="m", dataset="d", target="late", task=Task.BINARY)
    return fold([], results, history, definition, checked_at(8))


def some(values: object, share: float = 0.4, count: int = 1000) -> np.ndarray:
    return np.where(np.random.default_rng(1).random(count) < share, values, None)


WAKE_UPS = {
    "fixed": np.random.default_rng(0).normal(0.7, 0.1, 1000),
    "code": np.where(np.random.default_rng(0).random(1000) < 0.1, 5, 4),
    "site": np.where(np.random.default_rng(0).random(1000) < 0.1, "south", "north"),
    "flag": np.random.default_rng(0).random(1000) < 0.5,
    "hollow": some(3.5).astype(float),
    "blank": some("yes"),
}


@pytest.mark.parametrize("column", WAKE_UPS)
def test_a_column_that_never_changed_rings_in_the_delivery_where_it_does(learned: Reference, column: str) -> None:
    found = checked(learned, rows(8).assign(**{column: WAKE_UPS[column]})).opened
    assert [(one.check, one.feature, one.severity) for one in found] == [("feature_drift", column, Severity.WARNING)]
    assert "in the training data, and now" in found[0].message
    assert "The model does not use it." in found[0].message


def test_an_empty_column_wakes_up_as_whatever_type_it_gets(learned: Reference) -> None:
    for values in (some(17).astype(float), pd.array(some(True), dtype="boolean"), some("open")):
        assert checked(learned, rows(8).assign(blank=values)).opened[0].feature == "blank"


def test_columns_that_stay_as_they_were_are_in_order(learned: Reference) -> None:
    results = check_all(context(learned, 8, frame=rows(8)))
    assert {one.feature for one in results} >= {column.name for column in OTHERS}
    assert not judged(results).opened


def test_a_few_values_where_there_were_none_are_no_news(learned: Reference) -> None:
    assert not checked(learned, rows(8).assign(hollow=some(3.5, 0.01).astype(float))).opened


def test_a_column_that_is_a_part_of_the_time_may_change_with_it(learned: Reference) -> None:
    next_year = rows(8).assign(year=2014, season="2014")
    results = check_all(context(learned, 8, frame=next_year))
    assert not judged(results).opened
    said = {one.feature: one for one in results if one.feature in learned.follow_time}
    assert set(said) == {"year", "season", "loaded_on"}
    assert {one.verdict for one in said.values()} == {CheckVerdict.UNKNOWN}


def test_one_number_instead_of_another_waits_for_a_second_delivery(learned: Reference) -> None:
    first = check_all(context(learned, 8, frame=rows(8).assign(code=5)))
    assert not judged(first).opened
    second = check_all(context(learned, 9, frame=rows(9).assign(code=5), history=first))
    assert judged(second, tuple(first)).opened[0].feature == "code"


def test_of_a_column_that_the_model_could_have_learned_only_a_break_is_news(learned: Reference) -> None:
    results: list[CheckResult] = []
    for number in (8, 9, 10):
        frame = rows(number).assign(spare=rows(number)["spare"] + 1.5)
        found = check_all(context(learned, number, frame=frame, history=tuple(results)))
        assert not judged(found, tuple(results)).opened, found
        results += found
    assert any(one.feature == "spare" and one.verdict is CheckVerdict.SHIFTED for one in results)
    lost = check_all(context(learned, 8, frame=rows(8).assign(spare=np.nan)))
    assert [(one.feature, one.severity) for one in judged(lost).opened] == [("spare", Severity.INFO)]
    assert evidence_of(lost) == (), "rows are not held back from a model for a column that it does not use"


def test_stored_inputs_are_not_asked_for_columns_that_they_cannot_have(learned: Reference) -> None:
    at = context(learned, 8)
    inputs = InputRows(source="inference", data="log", moment=at.at, frame=month(8)[[one.name for one in FEATURES]])
    results = check_all(context(learned, 8, frame=month(8)).__class__(**{**vars(at), "rows": inputs}))
    assert not {one.feature for one in results} & {column.name for column in OTHERS}


def test_a_part_of_the_time_is_told_from_a_number_that_happens_to_be_one() -> None:
    everything = pd.concat([rows(number).assign(code=3) for number in range(8)], ignore_index=True)
    march = rows(2).assign(code=3)
    assert "code" not in reference(everything).follow_time
    assert "code" in reference(march).follow_time


@pytest.mark.parametrize("timed", [True, False])
def test_numbers_that_count_on_are_no_news(timed: bool) -> None:
    """Serial numbers, batches, epoch seconds: each delivery brings others."""

    def numbered(number: int) -> pd.DataFrame:
        frame, place = rows(number), np.arange(number * 1000, number * 1000 + 1000)
        second = frame["at"].astype("int64") // 1_000_000
        shuffled = np.random.default_rng(number).permutation(place)
        return frame.assign(serial=place, ticket=shuffled, batch=place // 50, second=second)

    names = ("serial", "ticket", "batch", "second")
    others = tuple(Column(name=name, type=ColumnType.INTEGER) for name in names)
    frame = pd.concat([numbered(number) for number in range(8)], ignore_index=True)
    learned = reference(frame if timed else frame.assign(at=pd.NaT), (*others, OTHERS[-1]))
    assert set(learned.follow_time) == set(names)
    assert not [one for one in checked(learned, numbered(8)).opened if one.feature in names]


def named(number: int) -> dict[str, list[str]]:
    """Columns of ever new words in the rows of a month."""
    times = rows(number)["at"]
    return {
        "flight": [f"F{number}-{place}" for place in range(1000)],
        "digest": [f"{(number * 1000 + place) * 2654435761 % 2**32:08x}" for place in range(1000)],
        "written": [f"{at:%d-%b-%Y %H:%M:%S}" for at in times],
        "day": [f"{at:%d.%m.%Y}" for at in times],
        "lot": [f"L{number * 20 + place // 50}" for place in range(1000)],
    }


@pytest.mark.parametrize("timed", [True, False])
def test_words_that_are_ever_new_are_no_news(timed: bool) -> None:
    """Ids, lots, times written as text: each delivery brings others, and `monitor checks` says why none is compared."""
    frames = [rows(number).assign(**named(number)) for number in range(9)]
    others = tuple(Column(name=name, type=ColumnType.TEXT) for name in named(0))
    frame = pd.concat(frames[:8], ignore_index=True)
    learned = reference(frame if timed else frame.assign(at=pd.NaT), (*others, OTHERS[-1]))
    assert set(learned.follow_time) == set(named(0))
    results = check_all(context(learned, 8, frame=frames[8]))
    said = [one.message for one in results if one.feature == "flight" and one.check == "feature_drift"]
    assert len(said) == 1
    assert "it has other values as time goes on and is no feature" in said[0]
    assert not [one for one in judged(results).opened if one.feature in named(0)]


def test_words_that_are_new_once_are_news() -> None:
    """The newest delivery of the training rows may be the one that is wrong."""
    frames = [rows(number).assign(tag=rows(number)["carrier"]) for number in range(8)]
    frames[7] = frames[7].assign(tag=[f"t{place}" for place in range(1000)])
    tag = Column(name="tag", type=ColumnType.TEXT)
    assert reference(pd.concat(frames, ignore_index=True), (tag, OTHERS[-1])).follow_time == ()


def test_what_never_occurred_before_is_counted_over_small_deliveries_too(learned: Reference) -> None:
    """Sixty rows are too few to tell; with those of the days before they are enough, though they look alike."""
    history: list[CheckResult] = []
    for day in range(2):
        wrong = {"fixed": np.random.default_rng(day).normal(5, 1, 60), "code": 9, "site": "south"}
        at = context(learned, 8, frame=rows(8, 60).assign(**wrong), history=history)
        later = moment(8) + timedelta(days=day)
        assert at.rows is not None
        history += check_all(replace(at, at=later, rows=replace(at.rows, data=f"day {day}", moment=later)))
    said = {one.feature: one for one in history if one.check == "feature_drift" and one.rows == 120}
    assert {name: (said[name].verdict, said[name].value) for name in wrong} == dict.fromkeys(
        wrong, (CheckVerdict.SHIFTED, 1.0)
    )


def test_every_column_of_the_dataset_has_a_row_with_a_result_or_the_reason(learned: Reference) -> None:
    definition = ModelDefinition(name="m", dataset="d", target="late", id="id", time="at", task=Task.BINARY)
    results = check_all(context(learned, 8, frame=rows(8)))
    columns = [
        *FEATURES,
        *OTHERS,
        *(Column(name=name, type=ColumnType.TEXT) for name in ("id", "at", "late", "joined_later")),
    ]
    said = {one.feature: one for one in unchecked(definition, 1, columns, results, checked_at(8))}
    assert set(said) == {"id", "at", "late", "joined_later"}
    assert {one.verdict for one in said.values()} == {CheckVerdict.UNCHECKED}
    assert "it names the rows" in said["id"].message
    assert "it orders the rows" in said["at"].message
    assert "the next version watches it" in said["joined_later"].message
    assert "no version of the model is released" in unchecked(definition, None, columns, [], checked_at(8))[0].message
    assert "shopfloor monitor run m" in unchecked(definition, 2, columns, results[:0], checked_at(8))[0].message


def test_a_test_says_how_often_it_is_wrong_at_most(learned: Reference) -> None:
    results = check_all(context(learned, 8, frame=rows(8)))
    rates = [one.evidence["false_alarms"] for one in results if one.p_value is not None]
    assert sum(rates) == pytest.approx(0.05)


def test_months_of_a_reference_stay_as_they_were_without_other_columns() -> None:
    before = reference(months(range(8)), ())
    assert all(feature.used for feature in before.features)
    assert before.follow_time == ()
