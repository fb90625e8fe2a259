"""The station on the demo's real data: twelve months of flights out of New York City."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from tests.monitoring.frames import DEFINITION, checked_at, drift, moment, shifted

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import build_reference

FLIGHTS = Path(__file__).resolve().parents[2] / "workspace_template" / "demo" / "flights"
TEXT = ("carrier", "tailnum", "origin", "dest", "manufacturer")
NUMBERS = (
    *("flight", "distance", "sched_minutes", "temp", "dewp", "humid", "wind_dir", "wind_speed", "precip"),
    *("pressure", "visib", "plane_year", "seats"),
)
COLUMNS = (
    *(Column(name=name, type=ColumnType.TEXT) for name in TEXT),
    *(Column(name=name, type=ColumnType.NUMBER) for name in NUMBERS),
)
TIME = "scheduled_departure"


@cache
def flights(number: int) -> pd.DataFrame:
    """Month `number`, 0 is January."""
    path = FLIGHTS / f"flights-2013-{number + 1:02}.csv.gz"
    return pd.read_csv(path, parse_dates=[TIME], dtype=dict.fromkeys(TEXT, object))


def reference(*frames: pd.DataFrame) -> Reference:
    known = pd.concat(frames, ignore_index=True)
    return build_reference(
        known, COLUMNS, model="m", task=DEFINITION.task, metric="roc_auc", time=known[TIME], created_at=moment(0)
    )


def year(
    learn: Callable[[int], int], change: Callable[[int, pd.DataFrame], pd.DataFrame] = lambda number, frame: frame
) -> tuple[list[AlertRecord], dict[int, set[str]]]:
    """All alerts of the year, and what shifted in which month. Before month `number` is checked
    the model has learnt `learn(number)` months, changed ones included."""
    history: list[CheckResult] = []
    alerts: list[AlertRecord] = []
    found: dict[int, set[str]] = {}
    for number in range(learn(0), 12):
        learnt = learn(number)
        known = reference(*(change(one, flights(one)) for one in range(learnt)))
        results = drift(known, number, change(number, flights(number)), history, version=learnt)
        found[number] = shifted(results)
        unresolved = [alert for alert in alerts if alert.state is not AlertState.RESOLVED]
        changes = fold(unresolved, results, history, DEFINITION, checked_at(number))
        alerts = [alert for alert in alerts if alert.state is AlertState.RESOLVED]
        kept = [] if changes.updated or changes.resolved else unresolved
        alerts += [*kept, *changes.updated, *changes.resolved, *changes.opened]
        history += results
    return alerts, found


def test_a_model_that_learns_every_month_never_alarms_for_season() -> None:
    alerts, _ = year(lambda number: max(number, 1))
    assert alerts == []


@pytest.mark.parametrize(("known", "most"), [(3, 2), (6, 0)])
def test_a_model_that_is_never_retrained_does_not_storm(known: int, most: int) -> None:
    alerts, _ = year(lambda number: known)
    assert len(alerts) <= most
    assert all(alert.evidence["break"] is False for alert in alerts)


@pytest.mark.parametrize("number", [1, 4, 6, 8, 11])
def test_a_changed_unit_is_caught_in_its_month(number: int) -> None:
    frame = flights(number)
    known = reference(*(flights(one) for one in range(number)))
    results = drift(known, number, frame.assign(temp=(frame["temp"] - 32) / 1.8))
    (temp,) = [result for result in results if result.feature == "temp" and result.check == "feature_drift"]
    assert temp.evidence["break"]
    assert "°F became °C" in temp.message
    (opened,) = fold([], results, [], DEFINITION, checked_at(number)).opened
    assert "°F became °C" in opened.cause


def test_a_broken_month_is_one_alert_that_ends() -> None:
    """Retrained on the broken month too: the alert opens with it, and again in order it ends."""

    def change(number: int, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(carrier="UA") if number == 6 else frame

    alerts, found = year(lambda number: max(number, 5), change)
    assert "carrier" in found[6]
    assert len(alerts) == 1
    assert alerts[0].state is AlertState.RESOLVED
    assert alerts[0].opened_at == checked_at(6)
