"""Small rates: a doubled share of missing values rings in its delivery, a season of gaps does not; what vanishes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from tests.monitoring.frames import FEATURES, checked_at, context, month

from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.monitor import AlertRecord, CheckResult
from shopfloor.domain.trust import Fault
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.delivery_verdict import evidence_of
from shopfloor.monitoring.rates import has_vanished, times_usual
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import build_reference
from shopfloor.monitoring.run_checks import check_all

DEFINITION = ModelDefinition(name="m", dataset="d", target="late", task=Task.BINARY)


def gaps(number: int, share: float, rows: int = 1000) -> pd.DataFrame:
    """Month `number`, in which so many values of `noise` are missing."""
    frame = month(number, rows)
    missing = np.random.default_rng([9, number]).random(rows) < share
    return frame.assign(noise=np.where(missing, np.nan, np.random.default_rng(number).normal(size=rows)))


def season(number: int) -> float:
    """Between 2 and 10 % of the values, most in winter."""
    return 0.06 + 0.04 * float(np.cos(2 * np.pi * number / 12))


def reference(frames: list[pd.DataFrame], *, timed: bool = True) -> Reference:
    known = pd.concat(frames, ignore_index=True)
    return build_reference(
        known,
        [column for column in FEATURES if column.name != "temp"],
        model="m",
        task=Task.BINARY,
        metric="roc_auc",
        time=known["at"] if timed else None,
        created_at=datetime(2013, 1, 1, tzinfo=UTC),
    )


def alerts(
    reference: Reference, number: int, frame: pd.DataFrame, history: list[CheckResult]
) -> list[tuple[AlertRecord, str]]:
    """What the delivery opens, with the measure of its first check; the history goes on with it."""
    results = check_all(context(reference, number, frame=frame, history=history))
    opened = fold([], results, history, DEFINITION, checked_at(number)).opened
    measures = [one.evidence["measure"] for one in results if one.verdict.value == "shifted"]
    assert evidence_of(results) == (), "more gaps are no fault of measurement"
    history += results
    return [(alert, measures[0]) for alert in opened]


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize(("before", "after"), [(0.05, 0.1), (0.04, 0.09), (0.1, 0.19)])
def test_twice_as_many_missing_values_ring_in_their_delivery(timed: bool, before: float, after: float) -> None:
    known = reference([gaps(number, before) for number in range(6)], timed=timed)
    history: list[CheckResult] = []
    for number in (6, 7):
        assert not alerts(known, number, gaps(number, before), history)
    ((alert, measure),) = alerts(known, 8, gaps(8, after), history)
    assert (alert.feature, measure) == ("noise", "missing_rate")


@pytest.mark.parametrize("first", [0, 4])
def test_a_season_of_missing_values_does_not_ring(first: int) -> None:
    """Whatever half of the year has been learned: it rises by steps that it has taken before."""
    known = reference([gaps(number, season(number)) for number in range(first, first + 6)])
    history: list[CheckResult] = []
    for number in range(first + 6, first + 20):
        assert not alerts(known, number, gaps(number, season(number)), history), number


def test_a_few_gaps_where_there_were_none_are_no_news_and_a_lost_column_is_more_than_a_rate() -> None:
    known = reference([gaps(number, 0.0) for number in range(6)])
    assert not alerts(known, 6, gaps(6, 0.02), [])
    lost = check_all(context(known, 6, frame=gaps(6, 0.9)))
    assert [one.fault for one in evidence_of(lost)] == [Fault.LOST]


def test_a_sensor_that_was_off_for_some_days_is_one_gap_and_not_many() -> None:
    known = reference([gaps(number, 0.05) for number in range(6)])
    frame = gaps(6, 0.04)
    frame.loc[300:360, "noise"] = np.nan
    assert frame["noise"].isna().mean() > 0.09
    assert not alerts(known, 6, frame, [])


def test_a_rate_that_wanders_may_wander_on() -> None:
    steady = [(50.0, 1000.0)] * 8
    wandering = [(float(count), 1000.0) for count in (20, 90, 40, 120, 15, 60, 100, 30)]
    assert times_usual(steady) == 1.6
    assert times_usual(wandering) > 3
    assert times_usual(steady[:2]) == 1.6
    drawn = [(float(count), 1000.0) for count in np.random.default_rng(0).binomial(1000, 0.03, 10)]
    assert times_usual(drawn) < 2, "what chance adds to the spread is taken off"


def test_nothing_of_a_steady_level_is_news_from_ten_expected_rows_on() -> None:
    steady = [(20.0, 1000.0)] * 6
    bursts = [(0.0, 1000.0), (100.0, 1000.0), (1.0, 1000.0), (19.0, 1000.0), (0.0, 1000.0), (0.0, 1000.0)]
    assert has_vanished(10.0, steady)
    assert has_vanished(10.0, [])
    assert not has_vanished(9.0, steady)
    assert not has_vanished(60.0, bursts)
