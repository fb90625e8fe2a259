"""Snoozed alerts are open again when their time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from tests.store.opening import open_store

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.monitor import AlertRecord, AlertState, Severity
from shopfloor.engine.periodic_tasks import wake_snoozed
from shopfloor.monitoring.alerts import acknowledge, resolve
from shopfloor.store import alerts, events
from shopfloor.store.store import Store

NOW = SystemClock().now()
PAST = NOW - timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path)
    yield made
    made.close()


class Meanwhile:
    """A store in which something else is written after each read."""

    def __init__(self, store: Store, change: Callable[[AlertRecord], AlertRecord]) -> None:
        self.store, self.change = store, change
        self.write = store.write

    def read(self, question: Callable[..., Any]) -> Any:
        found = self.store.read(question)
        self.store.write(
            lambda transaction: alerts.put(transaction, self.change(alerts.get(transaction, "a1"))),
        )
        return found


def snoozed(store: Store, until: timedelta = timedelta(0)) -> AlertRecord:
    alert = AlertRecord(
        id="", subject="m", check="feature_drift", message="x shifted.", severity=Severity.CRITICAL,
        state=AlertState.SNOOZED, snoozed_until=PAST + until, opened_at=PAST, updated_at=PAST,
    )  # fmt: skip
    return store.write(lambda transaction: alerts.create(transaction, alert))


def wake(store: Any) -> None:
    wake_snoozed(SimpleNamespace(context=SimpleNamespace(store=store, clock=SystemClock())))  # type: ignore[arg-type]


def test_an_alert_whose_quiet_time_is_over_is_open_again_once_and_people_are_told(store: Store) -> None:
    snoozed(store)
    later = snoozed(store, timedelta(days=1))
    wake(store)
    wake(store)
    woken = store.read(lambda query: alerts.get(query, "a1"))
    assert (woken.state, woken.snoozed_until, woken.count) == (AlertState.OPEN, None, 1)
    assert store.read(lambda query: alerts.get(query, later.id)) == later
    told = [event for event in store.read(lambda query: events.after(query, 0, 10)) if event.kind.startswith("alert.")]
    assert [(event.kind, event.data["severity"], event.message) for event in told] == [
        ("alert.reopened", "critical", "Alert a1 on m is open again: x shifted.")
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda alert: resolve(alert, "over", NOW),
        lambda alert: acknowledge(alert, "mine", NOW),
        lambda alert: replace(alert, count=7, severity=Severity.INFO),
    ],
    ids=["resolved", "acknowledged", "counted"],
)
def test_what_happened_meanwhile_to_an_alert_that_wakes_is_kept(
    store: Store, change: Callable[[AlertRecord], AlertRecord]
) -> None:
    expected = change(snoozed(store))
    wake(Meanwhile(store, change))
    found = store.read(lambda query: alerts.get(query, "a1"))
    assert (found.count, found.severity, found.note) == (expected.count, expected.severity, expected.note)
    assert found.state is (AlertState.OPEN if expected.state is AlertState.SNOOZED else expected.state)
