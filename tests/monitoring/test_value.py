"""Realised value by hand, by month and version, against the constant answer and the plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitoring.frames import (
    COLUMNS,
    DEFINITION,
    actuals_part,
    answers_of,
    data_part,
    inference_part,
    month,
    months,
    reference_of,
)

from shopfloor.domain.codec import to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task, Value
from shopfloor.domain.value import ComparedWith, ValueTerms
from shopfloor.monitoring.records import Outcomes, ValueSpec
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.samples import read_reference
from shopfloor.monitoring.value import planned_per_row, realised_value
from shopfloor.statistics.business_value import value_per_row
from shopfloor.statistics.frames import read_predictions
from shopfloor.store.value import BEGINNING

WORTH = Value(unit="EUR", true_positive=10, false_positive=-3, false_negative=-5, true_negative=1, threshold=0.4)
JANUARY, MARCH = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)


def spec(value: Value | None = WORTH, **fields: Any) -> ValueSpec:
    definition = msgspec.structs.replace(DEFINITION, value=value)
    given: dict[str, Any] = {
        "definition": definition,
        "task": Task.BINARY,
        "positive": "yes",
        "classes": ("no", "yes"),
        "terms": () if value is None else (ValueTerms(terms=1, valid_from=BEGINNING, value=value.terms),),
        "threshold": WORTH.threshold,
    }
    return ValueSpec(**{**given, **fields})


def four(chances: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = month(0, rows=len(chances))
    served = np.where(np.array(chances) >= WORTH.threshold, "yes", "no").astype(object)
    table = pd.DataFrame({"prediction": served, "probability_no": 1 - np.array(chances), "probability_yes": chances})
    return frame, table


def test_the_four_outcomes_by_hand(tmp_path: Path) -> None:
    frame, answers = four([0.9, 0.4, 0.39, 0.1])
    parts = (inference_part(tmp_path, frame, answers, at=JANUARY),)
    truth = (actuals_part(tmp_path, list(frame["id"]), ["yes", "no", "yes", "no"], MARCH),)
    report = realised_value(spec(inference=parts, actuals=truth))
    assert report.total == 10 - 3 - 5 + 1
    assert (report.rows, report.unit, report.per_row) == (4, "EUR", 0.75)
    assert report.baseline is None
    assert report.planned_per_row is None
    assert "no holdout" in report.note


def test_what_was_served_counts_whatever_the_threshold_is_now(tmp_path: Path) -> None:
    frame, answers = four([0.9, 0.4, 0.39, 0.1])
    answers["model_prediction"] = ["yes", "no", "no", "no"]  # of the model itself, whose scores are compared
    parts = (inference_part(tmp_path, frame, answers, at=JANUARY),)
    truth = (actuals_part(tmp_path, list(frame["id"]), ["yes", "no", "yes", "no"], MARCH),)
    for threshold in (0.05, 0.4, 0.95):
        now = msgspec.structs.replace(WORTH, threshold=threshold)
        assert realised_value(spec(now, inference=parts, actuals=truth)).total == 10 - 3 - 5 + 1


def test_the_plan_is_that_of_the_thresholds_that_decided(tmp_path: Path) -> None:
    """A threshold that was moved since does not change what was promised for the rows before."""
    reference = tmp_path / "reference.json"
    reference.write_bytes(to_json(reference_of(months(range(8)), holdout=months(range(4, 8)))))
    outcomes = read_reference(str(reference)).outcomes
    folder = tmp_path / "parts"
    folder.mkdir()
    frame, answers = four([0.9, 0.4, 0.39, 0.1])
    parts = tuple(
        inference_part(folder, frame[rows], answers[rows].assign(threshold=threshold), at=JANUARY)
        for rows, threshold in ((slice(0, 3), 0.2), (slice(3, 4), 0.8))
    )
    truth = (actuals_part(folder, list(frame["id"]), ["yes", "no", "yes", "no"], MARCH),)
    found = realised_value(spec(inference=parts, actuals=truth, reference_path=str(reference), champion=1))
    (plan,) = [one for one in found.compared if one.against is ComparedWith.PLAN]
    at = [planned_per_row(msgspec.structs.replace(WORTH, threshold=each), Task.BINARY, outcomes) for each in (0.2, 0.8)]
    assert plan.per_row == pytest.approx(0.75 * at[0] + 0.25 * at[1])
    assert found.planned_per_row != pytest.approx(plan.per_row)


def test_by_month_and_version_each_id_once_with_its_last_answer(tmp_path: Path) -> None:
    frame, answers = four([0.9, 0.9, 0.1])
    parts = (
        inference_part(tmp_path, frame, answers, version=1, at=JANUARY),
        inference_part(tmp_path, frame[:1], answers[:1].assign(prediction="no"), version=2, at=MARCH),
    )
    truth = (actuals_part(tmp_path, list(frame["id"]), ["no", "no", "no"], MARCH),)
    report = realised_value(spec(inference=parts, actuals=truth))
    assert [(p.period, p.model_version, p.rows, p.value) for p in report.points] == [
        ("2026-01", 1, 2, -3 + 1),
        ("2026-03", 2, 1, 1),
    ]
    assert report.total == sum(point.value for point in report.points)


def test_the_baseline_is_the_constant_answer_and_the_plan_the_holdouts(tmp_path: Path) -> None:
    held = months(range(4, 8))
    reference = tmp_path / "reference.json"
    reference.write_bytes(to_json(reference_of(months(range(8)), holdout=held)))
    frame = month(9, rows=1000)
    folder = tmp_path / "parts"
    folder.mkdir()
    parts = (inference_part(folder, frame, answers_of(frame), at=JANUARY),)
    report = realised_value(
        spec(
            inference=parts,
            data=(data_part(folder, frame),),
            arrived_at=MARCH,
            columns=COLUMNS,
            reference_path=str(reference),
        )
    )
    yes = (frame["late"] == "yes").sum()
    constant_yes = (held["late"] == "yes").mean() > 0.5
    expected = 10 * yes - 3 * (1000 - yes) if constant_yes else -5 * yes + (1000 - yes)
    assert report.baseline == expected
    assert report.rows == 1000
    assert sum(point.baseline or 0 for point in report.points) == expected
    answers = read_predictions(answers_of(held), held["late"], task=Task.BINARY, classes=("no", "yes"), positive="yes")
    assert report.planned_per_row == pytest.approx(value_per_row(WORTH, answers).mean())
    assert report.per_row is not None
    assert report.total > expected
    assert report.note == ""


def test_numbers_cost_by_their_error(tmp_path: Path) -> None:
    value = Value(unit="min", per_absolute_error=-2)
    held = months(range(3))
    reference = build_reference(
        held,
        [Column(name="temp", type=ColumnType.NUMBER)],
        model="m",
        task=Task.REGRESSION,
        metric="r2",
        holdout=Holdout(pd.DataFrame({"prediction": held["distance"] + 5.0}), held["distance"]),
        created_at=JANUARY,
    )
    path = tmp_path / "reference.json"
    path.write_bytes(to_json(reference))
    folder = tmp_path / "parts"
    folder.mkdir()
    frame = month(0, rows=3)
    parts = (inference_part(folder, frame, pd.DataFrame({"prediction": [10.0, 20.0, 30.0]}), at=JANUARY),)
    truth = (actuals_part(folder, list(frame["id"][:2]), [11.0, 17.0], MARCH),)
    report = realised_value(
        spec(
            value,
            task=Task.REGRESSION,
            classes=(),
            positive=None,
            inference=parts,
            actuals=truth,
            reference_path=str(path),
        )
    )
    assert report.total == -2 * (1 + 3)
    assert report.planned_per_row == pytest.approx(-10)
    mean = held["distance"].mean()
    assert report.baseline == pytest.approx(-2 * (abs(11 - mean) + abs(17 - mean)))
    assert "67 % of 3 predictions" in report.note


@pytest.mark.parametrize(
    "task",
    [
        {"task": Task.REGRESSION, "classes": (), "positive": None},
        {"task": Task.BINARY},
        {"task": Task.MULTICLASS, "classes": ("a", "no", "yes"), "positive": None},
    ],
    ids=["regression", "binary", "multiclass"],
)
def test_nothing_is_known_before_the_first_actual(tmp_path: Path, task: dict[str, Any]) -> None:
    value = Value(unit="EUR", per_absolute_error=-1) if task["task"] is Task.REGRESSION else WORTH
    answers = [1.0, 2.0, 3.0] if task["task"] is Task.REGRESSION else ["yes", "no", "no"]
    part = inference_part(tmp_path, month(0, rows=3), pd.DataFrame({"prediction": answers}), at=JANUARY)
    report = realised_value(spec(value, inference=(part,), **task))
    assert (report.rows, report.total) == (0, 0)


def test_honest_notes(tmp_path: Path) -> None:
    frame, answers = four([0.9])
    part = inference_part(tmp_path, frame, answers, at=JANUARY)
    assert "no [value]" in realised_value(spec(None, inference=(part,))).note
    assert "more classes" in realised_value(spec(task=Task.MULTICLASS, inference=(part,))).note
    assert "There are no predictions" in realised_value(spec()).note
    waiting = realised_value(spec(inference=(part,)))
    assert "None of 1 predictions" in waiting.note
    assert (waiting.rows, waiting.total, waiting.per_row) == (0, 0, None)


@given(
    st.lists(st.tuples(st.integers(0, 200).map(lambda n: n / 200), st.booleans()), min_size=1, max_size=60),
    st.integers(0, 200).map(lambda n: n / 200),
)
def test_the_plan_from_bins_is_the_sum_over_rows(rows: list[tuple[float, bool]], threshold: float) -> None:
    """Exact for thresholds and chances on the half percent, which is how the bins are cut."""
    value = msgspec.structs.replace(WORTH, threshold=threshold)
    chances = np.array([min(chance + 0.002, 1.0) for chance, _ in rows])
    truth = np.array([yes for _, yes in rows])
    frame = pd.DataFrame({"prediction": "no", "probability_no": 1 - chances, "probability_yes": chances})
    answers = read_predictions(
        frame, pd.Series(np.where(truth, "yes", "no")), task=Task.BINARY, classes=("no", "yes"), positive="yes"
    )
    places = np.minimum((chances * 200).astype(int), 199)
    outcomes = Outcomes(
        rows=len(rows),
        positives=tuple(np.bincount(places[truth], minlength=200).tolist()),
        negatives=tuple(np.bincount(places[~truth], minlength=200).tolist()),
    )
    if threshold == 1.0:
        return  # the last bin holds both a chance of 1 and those just below
    planned = planned_per_row(value, Task.BINARY, outcomes)
    assert planned == pytest.approx(value_per_row(value, answers).mean())
