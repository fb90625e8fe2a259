"""Clocks that jump, stand still or are elsewhere: order is by number, schedules go by the time that passed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shopfloor.domain.requests.datasets import DatasetPreviewShow
from shopfloor.runtime.scheduler import PeriodicTask, Scheduler
from shopfloor.store import events
from shopfloor.store.store import Store
from tests.engine.harness import Shop
from tests.runtime.test_degradation import HandClock
from tests.store.opening import enqueue, open_store


def _ran(clock: HandClock) -> tuple[Scheduler, list[str]]:
    ran: list[str] = []
    tasks = [
        PeriodicTask("minute", 60.0, lambda: ran.append("minute")),
        PeriodicTask("hour", 3600.0, lambda: ran.append("hour")),
    ]
    for task in tasks:
        task.due = clock.monotonic() + task.seconds
    return Scheduler(clock, tasks), ran


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=365)])
def test_a_clock_that_jumps_neither_stalls_nor_bursts_a_schedule(jump: timedelta) -> None:
    clock = HandClock()
    scheduler, ran = _ran(clock)
    clock.at += jump
    scheduler.run_due()
    assert ran == []
    for _ in range(120):
        clock.forward(30)
        scheduler.run_due()
    assert ran.count("minute") == 60
    assert ran.count("hour") == 1


def test_after_a_suspension_each_task_runs_once() -> None:
    clock = HandClock()
    scheduler, ran = _ran(clock)
    clock.forward(8 * 3600)
    scheduler.run_due()
    scheduler.run_due()
    assert ran == ["minute", "hour"]
    clock.forward(60)
    scheduler.run_due()
    assert ran == ["minute", "hour", "minute"]


def test_events_stay_in_their_order_when_the_clock_goes_back(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    clock = HandClock()
    store = Store(tmp_path / "m.duckdb", tmp_path / "journal", clock, workspace_id="w", on_commit=lambda told: None)
    for step in (0, -3600, 0, 365 * 86400, -86400):
        clock.at += timedelta(seconds=step)
        enqueue(store)
    found = store.read(lambda query: events.after(query, 0, 100, ""))
    assert [event.seq for event in found] == [1, 2, 3, 4, 5]
    assert [event.data["job"] for event in found] == ["j1", "j2", "j3", "j4", "j5"]
    store.close()
    again = open_store(tmp_path)
    assert again.last_seq == 5
    again.close()


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_times_are_utc_whatever_zone_the_machine_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Also in the hour that a change of the clocks leaves out (2026-03-08 02:30) or has twice (2026-11-01 01:30)."""
    monkeypatch.setenv("TZ", zone)
    told = ["2026-03-08 02:30:00", "2026-11-01 01:30:00", "2026-11-01 05:30:00"]
    shop = Shop(tmp_path / "shop")
    try:
        shop.write("inbox/d", "a.csv", "id,at\n" + "".join(f"{number},{at}\n" for number, at in enumerate(told)))
        shop.settle()
        found = shop.client.ask(DatasetPreviewShow(ref="d", limit=10))
        column = found.columns.index("at")
        assert [str(row[column])[:19].replace("T", " ") for row in found.rows] == told
        for event in shop.events():
            assert event.at.utcoffset() == timedelta(0)
            assert abs(datetime.now(UTC) - event.at) < timedelta(hours=1)
        assert os.environ["TZ"] == zone
    finally:
        shop.close()
