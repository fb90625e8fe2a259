"""Drift: breaks are caught, seasons and chance are not, and few rows cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy import special
from tests.monitoring.frames import (
    DEFINITION,
    FEATURES,
    answers_of,
    checked_at,
    context,
    drift,
    moment,
    month,
    months,
    reference_of,
    shifted,
)

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Monitoring, Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.trust import Fault, Trust
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.delivery_verdict import evidence_of
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.statistics.distances import homogeneity
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.statistics.frames import read_predictions

Change = Callable[[pd.DataFrame], pd.DataFrame]


def half_missing(frame: pd.DataFrame) -> pd.DataFrame:
    drawn = np.random.default_rng(5).random(len(frame))
    return frame.assign(noise=frame["noise"].where(drawn > 0.6))


def default_filled(frame: pd.DataFrame) -> pd.DataFrame:
    drawn = np.random.default_rng(6).random(len(frame))
    return frame.assign(noise=frame["noise"].where(drawn > 0.5, 0.0))


BREAKS: dict[str, tuple[str, Change]] = {
    "°F became °C": ("temp", lambda frame: frame.assign(temp=(frame["temp"] - 32) / 1.8)),
    "miles became kilometres": ("distance", lambda frame: frame.assign(distance=frame["distance"] * 1.609344)),
    "one level": ("carrier", lambda frame: frame.assign(carrier="UA")),
    "one level of many": ("tail", lambda frame: frame.assign(tail="N1")),
    "a new level": ("carrier", lambda frame: frame.assign(carrier=frame["carrier"].replace("B6", "ZZ"))),
    "60 % missing": ("noise", half_missing),
    "a default value": ("noise", default_filled),
    "a stuck sensor": ("temp", lambda frame: frame.assign(temp=60.0)),
    "text for numbers": ("delay", lambda frame: frame.assign(delay="n/a")),
    "a lost column": ("open", lambda frame: frame.drop(columns="open")),
    "a flipped flag": ("open", lambda frame: frame.assign(open=True)),
}


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Of a model that learnt January to August."""
    return reference_of(months(range(8)))


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_caught_in_the_delivery_it_appears_in(reference: Reference, name: str) -> None:
    feature, change = BREAKS[name]
    results = drift(reference, 8, change(month(8)))
    assert shifted(results) == {feature}
    found = [result for result in results if result.verdict is CheckVerdict.SHIFTED]
    assert any(result.evidence["break"] for result in found)
    assert all(result.p_value is not None and result.p_value < 0.05 for result in found)
    assert feature in found[0].message


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_caught_without_a_time_too(name: str) -> None:
    """Random chunks know no season, so the reference is the newest months only."""
    feature, change = BREAKS[name]
    flat = months(range(5, 8)).assign(temp=np.random.default_rng(0).normal(60, 8, 2400).round(1))
    delivery = month(8).assign(temp=np.random.default_rng(1).normal(60, 8, 800).round(1))
    plain = reference_of(flat, timed=False)
    assert plain.chunked_by == "random"
    assert shifted(drift(plain, 8, delivery)) == set()
    assert shifted(drift(plain, 8, change(delivery))) == {feature}


def test_a_guess_at_the_unit_is_told(reference: Reference) -> None:
    for name in ("°F became °C", "miles became kilometres"):
        feature, change = BREAKS[name]
        result = next(one for one in drift(reference, 8, change(month(8))) if one.feature == feature)
        assert result.evidence["unit_change"] == name
        assert f"as if {name}" in result.message


@pytest.mark.parametrize("value", [0.0, 0.04, 1.27, 100.0, -9999.0])
def test_a_sensor_is_stuck_wherever_it_is_stuck(reference: Reference, value: float) -> None:
    """At a number that it often had, or at one that it never had and that is far away."""
    results = drift(reference, 8, month(8).assign(noise=value))
    assert [one.fault for one in evidence_of(results)] == [Fault.STUCK]


@pytest.mark.parametrize("factor", [1.6, 1.7, 2.0, 2.5])
@pytest.mark.parametrize("name", ["demand", "balance"])
def test_what_may_have_grown_is_no_broken_unit_and_a_power_of_ten_is(name: str, factor: float) -> None:
    """Learned it is, whatever else is thought of it; and there is an alert."""
    values = np.random.default_rng(2).lognormal(4, 0.5, (9, 1000)).round(2)
    column = Column(name=name, type=ColumnType.NUMBER)
    known = pd.DataFrame({name: values[:8].ravel()})
    learned = build_reference(known, [column], model="m", task=Task.BINARY, metric="roc_auc", created_at=moment(8))
    for times, trust in ((factor, {Trust.SUSPECT}), (100.0, {Trust.BROKEN})):
        results = drift(learned, 8, pd.DataFrame({name: times * values[8]}))
        assert shifted(results) == {name}
        assert {one.fault.trust for one in evidence_of(results)} <= trust


def test_the_season_is_not_drift() -> None:
    """Learning every month, the year never alarms, though the temperature goes from 33 to 77 and
    back. While two months are known a spring looks unusual, but not like a break, so that no
    alert opens; later not one feature shifts."""
    history: list[CheckResult] = []
    for number in range(1, 12):
        reference = reference_of(months(range(number)))
        results = drift(reference, number, month(number), history, version=number)
        assert shifted(results) <= ({"temp"} if number < 3 else set()), number
        assert not fold([], results, history, DEFINITION, checked_at(number)).opened, number
        history += results


def test_a_model_that_is_never_retrained_does_not_alarm_for_season_alone() -> None:
    fixed = reference_of(months(range(4)))
    history: list[CheckResult] = []
    for number in range(4, 12):
        results = drift(fixed, number, month(number), history)
        assert shifted(results) == set(), number
        history += results
    gradual = [result for result in history if result.evidence.get("gradual")]
    assert {result.feature for result in gradual} == {"temp"}
    assert "gradually" in gradual[0].message


def test_a_break_is_caught_when_the_season_has_already_left_the_reference() -> None:
    fixed = reference_of(months(range(3)))
    history: list[CheckResult] = []
    for number in range(3, 7):
        history += drift(fixed, number, month(number), history)
    _, change = BREAKS["°F became °C"]
    # July in °C looks like January in °F: only the step from June tells.
    assert "temp" in shifted(drift(fixed, 7, change(month(7)), history))


def test_a_break_that_lasts_stays_shifted_and_its_repair_is_in_order() -> None:
    fixed = reference_of(months(range(8)))
    _, change = BREAKS["miles became kilometres"]
    history: list[CheckResult] = []
    for number, frame in ((8, change(month(8))), (9, change(month(9)))):
        results = drift(fixed, number, frame, history)
        assert shifted(results) == {"distance"}
        history += results
    assert shifted(drift(fixed, 10, month(10), history)) == set()


def test_a_moderate_change_that_stays_is_shifted_again_and_one_that_goes_on_is_not() -> None:
    fixed = reference_of(months(range(8)))

    def moved(number: int, by: float) -> pd.DataFrame:
        frame = month(number)
        return frame.assign(noise=frame["noise"] + by)

    first = drift(fixed, 8, moved(8, 0.4))
    assert shifted(first) == {"noise"}
    assert not any(result.evidence["break"] for result in first)
    assert shifted(drift(fixed, 9, moved(9, 0.4), first)) == {"noise"}
    assert shifted(drift(fixed, 9, month(9), first)) == set()


def test_last_years_season_is_known_again() -> None:
    """A model that learnt a winter and a summer meets the next winter: summer came last."""
    winter, summer = months([0, 1, 2]), months([5, 6, 7])
    flat = pd.concat([summer.assign(at=summer["at"] + pd.Timedelta(days=31 * one)) for one in range(2)])
    assert shifted(drift(reference_of(pd.concat([winter, flat], ignore_index=True)), 13, winter)) == set()
    assert "temp" in shifted(drift(reference_of(flat.reset_index(drop=True)), 13, winter))


@pytest.mark.parametrize(
    ("reference_rows", "rows", "timed"), [(1000, 200, False), (1000, 1000, True), (4000, 500, True)]
)
def test_false_alarms_where_nothing_happens(reference_rows: int, rows: int, timed: bool) -> None:
    """At most 2 % of checks of shuffled rows shift in any of seven features."""
    pool = months(range(12), rows=900)
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(40):
        order = rng.permutation(len(pool))
        learnt = pool.iloc[order[:reference_rows]].reset_index(drop=True)
        learnt = learnt.assign(at=np.sort(learnt["at"].to_numpy()))
        later = pool.iloc[order[reference_rows : reference_rows + rows]].reset_index(drop=True)
        alarms += bool(shifted(drift(reference_of(learnt, timed=timed), 13, later)))
    assert alarms <= 1


def test_few_rows_cannot_tell(reference: Reference) -> None:
    results = drift(reference, 8, month(8, rows=99).assign(carrier="UA"))
    assert {result.verdict for result in results} == {CheckVerdict.UNKNOWN}
    assert all("inconclusive" in result.message for result in results)
    assert all(result.value is None for result in results)


def test_few_values_of_one_feature_cannot_tell_about_that_feature(reference: Reference) -> None:
    frame = month(8)
    results = drift(reference, 8, frame.assign(temp=frame["temp"].where(frame.index < 50)))
    by = {(result.check, result.feature): result.verdict for result in results}
    assert by["feature_drift", "temp"] is CheckVerdict.UNKNOWN
    assert by["missing_share", "temp"] is CheckVerdict.SHIFTED
    assert by["feature_drift", "distance"] is CheckVerdict.OK


def test_effect_alone_is_not_enough(reference: Reference) -> None:
    """Next to no tolerance for false discoveries asks for more evidence than there is."""
    frame = month(8)
    frame = frame.assign(noise=frame["noise"] + 0.4)
    strict = Monitoring(false_discovery_rate=1e-40)
    assert "noise" in shifted(drift(reference, 8, frame))
    assert shifted(drift(reference, 8, frame, settings=strict)) == set()


def test_evidence_alone_is_not_enough() -> None:
    """With many rows a shift of a fifteenth of a standard deviation is certain and does not matter."""
    frame = month(4, rows=20_000)
    results = drift(reference_of(months(range(4), rows=20_000)), 4, frame.assign(noise=frame["noise"] + 0.07))
    result = next(one for one in results if one.feature == "noise")
    assert result.p_value is not None
    assert result.p_value < 0.05
    assert result.verdict is CheckVerdict.OK


def test_a_small_delivery_must_move_further(reference: Reference) -> None:
    """The same shift of 0.25 standard deviations is found with many rows and not with few."""
    many, few = month(8, rows=8000), month(8, rows=120)
    assert "noise" in shifted(drift(reference, 8, many.assign(noise=many["noise"] + 0.25)))
    assert shifted(drift(reference, 8, few.assign(noise=few["noise"] + 0.25))) == set()


def test_p_values_are_corrected_for_the_number_of_checks(reference: Reference) -> None:
    results = drift(reference, 8, month(8).drop(columns="tail"))
    raw = []
    for result in results:
        if result.p_value is None:
            continue
        if result.check == "feature_drift":
            sides = [result.evidence["reference"], result.evidence["recent"]]
            raw.append(max(homogeneity(result.evidence["current"], side) for side in sides))
        elif result.check == "labelled_share":
            raw.append(homogeneity((result.evidence["labelled"], result.evidence["missing"]), (reference.rows, 0)))
        elif result.check == "missing_share":
            missing, share = result.evidence["missing"], result.evidence["reference_share"]
            kept = round(reference.rows * (1 - share))
            raw.append(homogeneity((result.rows - missing, missing), (kept, reference.rows - kept)))
        else:
            low, high = result.evidence["interval"]
            raw.append(float(special.ndtr(-((low + high) / 2 - 0.5) / ((high - low) / 2 / 1.96))))
    corrected = [result.p_value for result in results if result.p_value is not None]
    assert corrected == pytest.approx(benjamini_hochberg(raw), rel=1e-2)


def test_a_greater_minimum_effect_tolerates_more(reference: Reference) -> None:
    frame = month(8)
    frame = frame.assign(noise=frame["noise"] + 0.4)
    assert "noise" in shifted(drift(reference, 8, frame))
    assert shifted(drift(reference, 8, frame, settings=Monitoring(min_effect=0.6))) == set()


def test_evidence_is_small_and_enough_for_a_plot(reference: Reference) -> None:
    results = drift(reference, 8, month(8))
    for result in results:
        assert from_json(to_json(result), CheckResult) == result
        assert len(to_json(result)) < 3000
        if result.check == "feature_drift":
            bins = len(result.evidence["labels"])
            assert bins <= 20
            assert bins == len(result.evidence["current"]) == len(result.evidence["reference"])
            assert sum(result.evidence["current"]) == result.rows - result.evidence["sketch"]["missing"]
    importance = {result.feature: result.importance for result in results}
    assert importance["temp"] == pytest.approx(0.5)
    assert importance["noise"] == 0


def test_the_reference_survives_json_and_says_the_same(reference: Reference) -> None:
    again = from_json(to_json(reference), Reference)
    assert again == reference
    assert drift(again, 8, month(8)) == drift(reference, 8, month(8))


def test_the_order_of_rows_does_not_matter(reference: Reference) -> None:
    frame = month(8)
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    assert drift(reference, 8, mixed) == drift(reference, 8, frame)


def test_other_versions_are_not_the_past(reference: Reference) -> None:
    """What an older version met is no past of this one: a change it got used to is still one."""
    frame = month(8)
    seen = drift(reference, 8, frame.assign(noise=frame["noise"] + 0.4))
    seen += drift(reference, 9, month(9).assign(noise=month(9)["noise"] + 0.8), seen)
    older = [msgspec.structs.replace(result, model_version=0) for result in seen]
    again = month(10)
    again = again.assign(noise=again["noise"] + 0.8)
    assert drift(reference, 10, again, older) == drift(reference, 10, again)


def test_predictions_that_move_are_told() -> None:
    held = months(range(5, 8))
    reference = reference_of(months(range(8)), holdout=held)
    usual = read_predictions(answers_of(month(8)), None, task=Task.BINARY, classes=("no", "yes"), positive="yes")
    assert shifted(check_all(context(reference, 8, predictions=usual))) == set()
    frame = answers_of(month(8))
    frame = frame.assign(
        probability_yes=frame["probability_yes"] * 0.1, probability_no=1 - frame["probability_yes"] * 0.1
    )
    moved = read_predictions(frame, None, task=Task.BINARY, classes=("no", "yes"), positive="yes")
    (result,) = check_all(context(reference, 8, predictions=moved))
    assert result.verdict is CheckVerdict.SHIFTED
    assert result.feature is None
    assert "predictions changed" in result.message
    assert "as if" not in result.message


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_predictions_of_other_tasks(task: Task) -> None:
    held = months(range(5, 8))
    column = "carrier" if task is Task.MULTICLASS else "distance"
    reference = build_reference(
        months(range(8)),
        FEATURES,
        model="m",
        task=task,
        metric="accuracy" if task is Task.MULTICLASS else "r2",
        time=months(range(8))["at"],
        holdout=Holdout(pd.DataFrame({"prediction": held[column]}), held[column], held["at"]),
        created_at=datetime(2013, 9, 1, tzinfo=UTC),
    )
    assert reference.performance is not None
    assert reference.performance.score == 1
    usual = read_predictions(
        pd.DataFrame({"prediction": month(8)[column]}), None, task=task, classes=reference.classes, positive=None
    )
    assert shifted(check_all(context(reference, 8, predictions=usual))) == set()
    value = "UA" if task is Task.MULTICLASS else 5000
    stuck = read_predictions(
        pd.DataFrame({"prediction": [value] * 800}), None, task=task, classes=reference.classes, positive=None
    )
    assert shifted(check_all(context(reference, 8, predictions=stuck))) == {"prediction_drift"}


def _firing(reference: Reference, frame: pd.DataFrame) -> set[str]:
    """Features that need no second delivery to be told."""
    found = drift(reference, 8, frame)
    return {str(one.feature) for one in found if one.verdict is CheckVerdict.SHIFTED and one.evidence["break"]}


def test_a_level_or_code_that_never_occurred_is_told_at_once() -> None:
    """Written as a number it moves nothing: 23 became 24, between the others."""
    learned = months(range(8)).assign(distance=lambda rows: _codes(len(rows), 1))
    reference = reference_of(learned)
    usual = month(8, rows=1000).assign(distance=_codes(1000, 2))
    assert _firing(reference, usual) == set()
    some = np.arange(1000) % 16 == 0
    coded = usual.assign(distance=usual["distance"].mask(some, 24))
    assert _firing(reference, coded) == {"distance"}
    assert _firing(reference, usual.assign(carrier=usual["carrier"].mask(some, "XX"))) == {"carrier"}


def test_a_level_that_is_gone_is_told_at_once() -> None:
    reference = reference_of(months(range(8)))
    usual = month(8, rows=1000)
    assert _firing(reference, usual) == set()
    (changed,) = [
        one for one in drift(reference, 8, usual[usual["carrier"] != "DL"]) if one.verdict is CheckVerdict.SHIFTED
    ]
    assert (changed.feature, changed.evidence["break"]) == ("carrier", True)
    assert "DL: 14 % → 0 %" in changed.message


def _codes(rows: int, seed: int) -> np.ndarray:
    """Codes from 1 to 40 without 24."""
    return np.random.default_rng(seed).choice([code for code in range(1, 41) if code != 24], rows)
