"""Value by versioned terms, against what needs no model, net of costs, whatever the order in which actuals arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.monitoring.frames import (
    COLUMNS,
    DEFINITION,
    actuals_part,
    checked_at,
    context,
    data_part,
    inference_part,
    month,
    months,
    reference_of,
)
from tests.monitoring.test_value import spec

from shopfloor.artifacts import bundle
from shopfloor.domain.codec import to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task, Value
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.monitor import CheckVerdict
from shopfloor.domain.value import (
    ComparedWith,
    CostEntry,
    CostKind,
    ValueComparison,
    ValueGroup,
    ValueReport,
    ValueTerms,
)
from shopfloor.lake.actuals import write_actuals
from shopfloor.monitoring import fleet
from shopfloor.monitoring.checks.value import CHECK
from shopfloor.monitoring.records import Rival
from shopfloor.monitoring.value import realised_value
from shopfloor.store.value import BEGINNING

MARCH = datetime(2026, 3, 5, tzinfo=UTC)
PLAIN = Value(unit="EUR", true_positive=40.25, false_positive=-15.1, false_negative=-5)
DEARER = msgspec.structs.replace(PLAIN, true_positive=100.0)


def terms(*values: Value) -> tuple[ValueTerms, ...]:
    """One after the other, each a day after the one before."""
    begins = [BEGINNING, *(MARCH + timedelta(days=place) for place in range(1, len(values)))]
    return tuple(
        ValueTerms(terms=place + 1, valid_from=begins[place], value=value) for place, value in enumerate(values)
    )


def served(frame: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    chances = np.where(np.array(labels) == "yes", 0.9, 0.1)
    return pd.DataFrame({"prediction": labels, "probability_no": 1 - chances, "probability_yes": chances})


def earned(folder: Path, decided: list[str], truth: list[str], value: Value = PLAIN, **fields: Any) -> ValueReport:
    frame = month(0, rows=len(decided))
    parts = (inference_part(folder, frame, served(frame, decided), at=MARCH),)
    actual = (actuals_part(folder, list(frame["id"]), truth, MARCH),)
    given: dict[str, Any] = {"terms": terms(value), "inference": parts, "actuals": actual, **fields}
    return realised_value(spec(value, **given))


def test_each_decision_is_valued_by_the_terms_of_its_time(tmp_path: Path) -> None:
    frame = month(0, rows=3)
    parts = tuple(
        inference_part(
            tmp_path, frame[place : place + 1], served(frame[:1], ["yes"]), at=MARCH + timedelta(hours=hours)
        )
        for place, hours in enumerate((23, 24, 50))
    )
    actual = (actuals_part(tmp_path, list(frame["id"]), ["yes"] * 3, MARCH + timedelta(days=9)),)
    report = realised_value(
        spec(DEARER, terms=terms(PLAIN, DEARER), inference=parts, actuals=actual, by=ValueGroup.DAY)
    )
    assert [point.value for point in report.points] == [40.25, 100, 100]
    assert [point.period for point in report.points] == ["2026-03-05", "2026-03-06", "2026-03-07"]


def test_the_plan_is_compared_with_what_its_own_terms_value(tmp_path: Path) -> None:
    """Rows that the terms before value say nothing of a plan that is made by those of now."""
    reference = tmp_path / "reference.json"
    reference.write_bytes(to_json(reference_of(months(range(8)), holdout=months(range(4, 8)))))
    (tmp_path / "parts").mkdir()
    frame = month(9, rows=5)
    parts = tuple(
        inference_part(
            tmp_path / "parts", frame[rows], served(frame[:size], ["yes"] * size), at=MARCH + timedelta(hours=hours)
        )
        for rows, size, hours in ((slice(0, 3), 3, 0), (slice(3, 5), 2, 30))
    )
    actual = (actuals_part(tmp_path / "parts", list(frame["id"]), ["yes"] * 5, MARCH + timedelta(days=9)),)
    report = realised_value(
        spec(
            DEARER, terms=terms(PLAIN, DEARER), inference=parts, actuals=actual, reference_path=str(reference),
            champion=1,
        )
    )  # fmt: skip
    (plan,) = [one for one in report.compared if one.against is ComparedWith.PLAN]
    assert plan.rows == 2
    assert plan.per_row == report.planned_per_row
    assert plan.gain == pytest.approx(100 - plan.per_row)


def test_an_input_or_a_recipe_may_be_the_amount(tmp_path: Path) -> None:
    (tmp_path / "column").mkdir()
    (tmp_path / "function").mkdir()
    frame = month(0, rows=3)
    decided, truth = ["yes", "yes", "no"], ["yes", "no", "yes"]
    by_column = Value(unit="EUR", true_positive="distance", false_positive=-1)
    report = earned(tmp_path / "column", decided, truth, by_column)
    assert report.total == frame["distance"][0] - 1
    source = (
        "def gain(rows):\n    right = rows['prediction'] == rows['actual']\n"
        "    return right * rows['distance'] - (~right) * 7.5\n"
    )
    by_function = Value(unit="EUR", function="recipes/gain.py:gain")
    named = msgspec.structs.replace(terms(by_function)[0], source=source)
    report = earned(tmp_path / "function", decided, truth, by_function, terms=(named,))
    assert report.total == frame["distance"][0] - 15
    never = next(one for one in report.compared if one.name == "always no")
    assert never.per_row == pytest.approx((frame["distance"][1] - 15) / 3)


def test_what_cannot_be_valued_says_why(tmp_path: Path) -> None:
    value = Value(true_positive="nowhere")
    report = earned(tmp_path, ["yes"], ["yes"], value)
    assert report.rows == 0
    assert "'nowhere', which is no logged input" in report.note
    (tmp_path / "rule").mkdir()
    ruled = earned(tmp_path / "rule", ["yes", "no"], ["yes", "no"], msgspec.structs.replace(PLAIN, rule="nonsense("))
    assert "The rule of [value] cannot be used" in ruled.note
    assert ruled.total == 40.25


def test_the_champion_is_compared_with_answers_that_need_no_model(tmp_path: Path) -> None:
    frame = month(0, rows=60)
    truth = ["yes" if distance > 900 else "no" for distance in frame["distance"]]
    decided = ["no" if truth[0] == "yes" else "yes", *truth[1:]]
    value = msgspec.structs.replace(PLAIN, rule="distance > 900")
    report = earned(tmp_path, decided, truth, value, champion=1, previous=None)
    compared = {one.name: one for one in report.compared}
    per_row = (truth.count("yes") * 40.25) / 60
    assert compared["distance > 900"].per_row == pytest.approx(per_row)
    assert compared["always yes"].per_row == pytest.approx(per_row - truth.count("no") * 15.1 / 60)
    assert compared["always no"].per_row == pytest.approx(-5 * truth.count("yes") / 60)
    assert report.simplest is compared["distance > 900"]
    assert report.simplest.gain < 0
    assert compared["always no"].interval is not None
    assert compared["always no"].interval[0] > 0


def test_the_previous_champion_is_compared_by_what_it_decided(tmp_path: Path) -> None:
    frame = month(0, rows=40)
    labels = ["yes", "no"] * 20
    parts = (
        inference_part(tmp_path, frame[:20], served(frame[:20], ["no"] * 20), version=1, at=MARCH),
        inference_part(tmp_path, frame[20:], served(frame[20:], labels[20:]), version=2, at=MARCH),
    )
    actual = (actuals_part(tmp_path, list(frame["id"]), labels, MARCH),)
    value = spec(PLAIN, terms=terms(PLAIN), inference=parts, actuals=actual, champion=2, previous=1)
    report = realised_value(value)
    [before] = [one for one in report.compared if one.against is ComparedWith.PREVIOUS]
    assert (before.name, before.rows, before.per_row) == ("v1 on its own rows", 20, -2.5)
    assert before.gain == pytest.approx(40.25 / 2 + 2.5)
    assert before.interval is not None
    assert report.champion_rows == 20


class Never:
    """An artifact that answers no to all."""

    columns = (Column(name="temp", type=ColumnType.NUMBER),)
    classes = ("no", "yes")

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        chance = np.where(frame["temp"].notna(), 0.2, np.nan)
        return pd.DataFrame({"prediction": "no", "probability_yes": chance}, index=frame.index)


def test_the_previous_champion_decides_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "load", lambda artifact, key: Never())
    frame = month(0, rows=40)
    labels = ["yes", "no"] * 20
    made = [MARCH, MARCH + timedelta(days=2)]
    parts = tuple(
        inference_part(tmp_path, rows, served(rows, labels[: len(rows)]), version=2, at=at)
        for rows, at in zip((frame[:10], frame[10:]), made, strict=True)
    )
    actual = (actuals_part(tmp_path, list(frame["id"]), labels, MARCH),)
    file = ArtifactFile(path=str(tmp_path), sha256="", model="m", version=1)
    rival = Rival(artifact=file, key_path=str(tmp_path / "key"), made_at=MARCH + timedelta(days=1))

    def previous(rival: Rival) -> ValueComparison:
        value = spec(PLAIN, terms=terms(PLAIN), inference=parts, actuals=actual, champion=2, previous=1, rival=rival)
        [found] = [one for one in realised_value(value).compared if one.against is ComparedWith.PREVIOUS]
        return found

    found = previous(rival)
    assert (found.name, found.rows) == ("v1 on the same rows", 30), "only rows that it cannot have learned"
    assert found.per_row == pytest.approx(-5 / 2)
    assert found.gain == pytest.approx((40.25 + 5) / 2)
    assert found.interval is not None
    assert found.interval[0] > 0
    decided = previous(msgspec.structs.replace(rival, threshold=0.2))
    assert decided.per_row == pytest.approx((40.25 - 15.1) / 2), "by its own threshold"


def test_without_its_inputs_the_previous_champion_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Never, "columns", (Column(name="unlogged", type=ColumnType.NUMBER),))
    monkeypatch.setattr(bundle, "load", lambda artifact, key: Never())
    file = ArtifactFile(path=str(tmp_path), sha256="", model="m", version=1)
    rival = Rival(artifact=file, key_path=str(tmp_path / "key"), made_at=BEGINNING)
    report = earned(tmp_path, ["yes", "no"], ["yes", "no"], champion=1, previous=0, rival=rival)
    assert report.rows == 2
    assert all(one.against is not ComparedWith.PREVIOUS for one in report.compared)


def test_amounts_that_come_with_the_actuals_are_those_of_the_rows(tmp_path: Path) -> None:
    frame = month(0, rows=4)
    value = Value(unit="EUR", true_positive="recovered", false_positive=-1)
    parts = (inference_part(tmp_path, frame, served(frame, ["yes"] * 4), at=MARCH),)
    ids = list(frame["id"])
    amounts = {"recovered": {ids[0]: 12.5}}
    part = write_actuals(dict.fromkeys(ids[:2], "yes"), Task.BINARY, tmp_path, MARCH, amounts)
    assert part is not None
    columns = (*COLUMNS, Column(name="recovered", type=ColumnType.NUMBER))
    delivery = data_part(tmp_path, frame[2:].assign(late=["yes", "no"], recovered=[30.0, 99.0]), columns)
    report = realised_value(
        spec(
            value,
            terms=terms(value),
            inference=parts,
            actuals=(part.path,),
            columns=columns,
            data=(delivery,),
            arrived_at=MARCH + timedelta(days=1),
        )
    )
    assert (report.rows, report.total) == (4, 12.5 + 0 + 30 - 1)
    assert "1 actual came without 'recovered', which counts as 0 there." in report.note


def test_terms_that_no_row_is_valued_by_need_nothing(tmp_path: Path) -> None:
    later = Value(true_positive="recovered")
    report = earned(tmp_path, ["yes"], ["yes"], later, terms=terms(PLAIN, later))
    assert report.total == 40.25


def cost(amount: float, day: int) -> CostEntry:
    return CostEntry(id="c1", model="m", kind=CostKind.PEOPLE, amount=amount, spent_at=MARCH + timedelta(days=day))


def test_the_day_from_which_decisions_have_paid_for_the_costs(tmp_path: Path) -> None:
    frame = month(0, rows=4)
    parts = tuple(
        inference_part(tmp_path, frame[day : day + 1], served(frame[:1], ["yes"]), at=MARCH + timedelta(days=day))
        for day in range(4)
    )
    actual = (actuals_part(tmp_path, list(frame["id"]), ["yes"] * 4, MARCH + timedelta(days=9)),)

    def report(*costs: CostEntry) -> ValueReport:
        return realised_value(spec(PLAIN, terms=terms(PLAIN), inference=parts, actuals=actual, costs=costs))

    assert report().payback_on is None
    paid = report(cost(80.5, -3))
    assert (paid.costs, paid.net, paid.payback_on) == (80.5, 4 * 40.25 - 80.5, date(2026, 3, 6))
    assert report(cost(30, -3), cost(100, 2)).payback_on == date(2026, 3, 8), "never below zero again"
    owed = report(cost(40.25 * 6, -3))
    assert (owed.payback_on, owed.payback_expected) == (None, date(2026, 3, 10))


def test_a_model_that_earns_less_than_the_simplest_answer_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(300) < 0.1, "yes", "no").tolist()
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    (tmp_path / "few").mkdir()
    bad = earned(tmp_path / "bad", ["yes"] * 150 + ["no"] * 150, truth, champion=1)
    good = earned(tmp_path / "good", truth, truth, champion=1)
    few = earned(tmp_path / "few", ["yes"] * 20, truth[:20], champion=1)
    verdicts = []
    for report in (bad, good, few):
        known = context(reference_of(month(0)), 1)
        [result] = CHECK.run(replace(known, value=report))
        assert result.at == checked_at(1)
        verdicts.append(result.verdict)
    assert verdicts == [CheckVerdict.SHIFTED, CheckVerdict.OK, CheckVerdict.UNKNOWN]
    [told] = CHECK.run(replace(known, value=bad))
    assert "earns less than 'always no'" in told.message
    assert len(bad.simple) == 2
    assert bad.simplest is not None
    assert bad.simplest.p_worse is not None
    assert told.p_value == 2 * bad.simplest.p_worse
    assert 0 < fleet.p_value([told]) <= 0.025


IDS = [f"0-{number}" for number in range(6)]
Delivery = list[tuple[int, str]]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[dict[str, str], list[Delivery], int]:
    """Truth by id, and deliveries of which the last word on each id is the truth: late, in parts, wrong at first,
    repeated. So many of them come before the predictions."""
    truth = {id: draw(st.sampled_from(["yes", "no"])) for id in IDS}
    wrong = draw(
        st.lists(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["yes", "no"])), max_size=6), max_size=3)
    )
    order = draw(st.permutations(range(6)))
    cut = draw(st.integers(0, 6))
    clean = [
        [(place, truth[IDS[place]]) for place in order[:cut]],
        [(place, truth[IDS[place]]) for place in order[cut:]],
    ]
    again = draw(st.lists(st.sampled_from(order), max_size=4))
    repeated = [(place, truth[IDS[place]]) for place in again]
    all_of_them = [*wrong, *clean, repeated]
    return truth, all_of_them, draw(st.integers(0, len(all_of_them)))


@settings(max_examples=25)
@given(deliveries(), st.lists(st.sampled_from(["yes", "no"]), min_size=6, max_size=6))
def test_actuals_in_any_order_end_in_the_figures_of_clean_ones(
    drawn: tuple[dict[str, str], list[Delivery], int], decided: list[str]
) -> None:
    truth, arrived, early = drawn
    frame = month(0, rows=6)
    with TemporaryDirectory() as made:
        folder = Path(made)
        parts = (inference_part(folder, frame, served(frame, decided), at=MARCH),)
        actual = tuple(
            actuals_part(folder, [IDS[place] for place in rows], list(rows.values()), MARCH + timedelta(hours=hours))
            for hours, rows in enumerate(map(dict, arrived), -early)
            if rows
        )
        clean = (actuals_part(folder, IDS, [truth[id] for id in IDS], MARCH),)
        messy = realised_value(spec(PLAIN, terms=terms(PLAIN), inference=parts, actuals=actual, champion=1))
        plain = realised_value(spec(PLAIN, terms=terms(PLAIN), inference=parts, actuals=clean, champion=1))
        assert messy == plain
        with duckdb.connect() as connection:
            by_sql = connection.execute(
                "SELECT sum(CASE WHEN a.actual = 'yes' THEN if(p.prediction = 'yes', 40.25, -5) "
                "ELSE if(p.prediction = 'yes', -15.1, 0) END)::DOUBLE "
                f"FROM read_parquet('{parts[0]}') p JOIN read_parquet('{clean[0]}') a USING (association_id)"
            ).fetchone()
        assert by_sql is not None
        assert round(messy.total, 2) == round(by_sql[0], 2)


def test_numbers_keep_their_terms_too(tmp_path: Path) -> None:
    frame = month(0, rows=2)
    cheap, dear = Value(per_absolute_error=-2), Value(per_absolute_error=-3)
    parts = tuple(
        inference_part(
            tmp_path, frame[place : place + 1], pd.DataFrame({"prediction": [10.0]}), at=MARCH + timedelta(days=place)
        )
        for place in range(2)
    )
    truth = (actuals_part(tmp_path, list(frame["id"]), [11.0, 17.0], MARCH),)
    report = realised_value(
        spec(
            dear,
            task=Task.REGRESSION,
            classes=(),
            positive=None,
            terms=terms(cheap, dear),
            inference=parts,
            actuals=truth,
        )
    )
    assert report.total == -2 * 1 - 3 * 7
    assert DEFINITION.name == report.model
