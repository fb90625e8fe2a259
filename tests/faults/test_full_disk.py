"""A disk that is full at every step: nothing acknowledged is lost, and the same engine goes on once there is space."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import ShopfloorError, UnreachableError
from shopfloor.domain.job import JobState
from shopfloor.domain.requests.datasets import DatasetPreviewShow
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelDefine
from shopfloor.domain.requests.workspace import Doctor
from shopfloor.domain.status import DegradedCause
from shopfloor.workspace.process import ProcessState, process_state
from tests.engine.harness import Shop
from tests.faults.disk import fill, small_disk
from tests.soak import SOAK
from tests.waiting import until

_MAIN = ("intake.copied:stop", "intake.part:stop", "intake.published:stop", "store.commit:14:stop")
_ALL = (
    *_MAIN, "intake.claimed:2:stop", "lake.synced:2:stop", "lake.renamed:stop", "intake.committed:2:stop",
    "intake.original:3:stop", "intake.aside:4:stop",
    *(f"store.commit:{number}:stop" for number in range(15, 40, 3)),
    *(f"store.committed:{number}:stop" for number in range(16, 40, 3)),
)  # fmt: skip
_NO_RESERVE = {"intake__reserve_mb": "1", "engine__reserve_mb": "1"}  # so that the steps themselves find it full


def table(number: int, rows: int = 20) -> str:
    return "id,x,y\n" + "".join(f"k{number}-{n},{n},{'yes' if n % 3 else 'no'}\n" for n in range(rows))


def ids(shop: Shop) -> list[str]:
    """The ids of all rows of the newest version."""
    found: list[str] = []
    while True:
        page = shop.client.ask(DatasetPreviewShow(ref="d", limit=1000, offset=len(found)))
        found += [row[page.columns.index("id")] for row in page.rows]
        if not page.rows or len(found) >= page.total:
            return found


def codes(shop: Shop) -> set[DegradedCause]:
    return {one.code for one in shop.status().engine.degraded}


def stopped(pid: int) -> bool:
    return process_state(pid) is ProcessState.STOPPED


def answer(pid: int, ask: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 120.0) -> int:
    """Ask until the answer is `wanted`; an engine that stops at a step goes on. How often it did."""
    steps, found = 0, None

    def ready() -> bool:
        nonlocal steps, found
        if stopped(pid):
            os.kill(pid, signal.SIGCONT)
            steps += 1
        found = ask()
        return wanted(found)

    until(ready, seconds, said=lambda: found, despite=(UnreachableError,))  # it may stop before it answers
    return steps


def troubles(shop: Shop) -> list[object]:
    """What degrades it, and the jobs that are left of what the disk hindered."""
    jobs = shop.client.ask(JobList(limit=1000)).rows
    return [*codes(shop), *(job for job in jobs if job.state is not JobState.SUCCEEDED)]


def is_well(shop: Shop) -> bool:
    """Whether nothing is left of what the disk hindered."""
    return not troubles(shop)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 64):
        yield tmp_path / "disk"


@pytest.mark.soak
def test_a_disk_that_is_full_at_any_step_loses_nothing_and_the_engine_goes_on(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = _ALL if SOAK else _MAIN
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", ",".join(steps))
    shop = Shop(disk / "shop", **_NO_RESERVE)
    try:
        pid, taken, acknowledged = shop.pid(), 0, set[str]()

        def until(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> None:
            nonlocal taken
            taken += answer(pid, ask, wanted)

        def still_there() -> bool:
            found = set(_held(shop))
            lost = acknowledged - found
            acknowledged.update(found)
            return not lost

        def left_over(number: int) -> list[object]:
            return [*troubles(shop), *[files for files in [shop.status().files] if files.committed != number]]

        for number in range(len(steps)):
            shop.write("inbox/d", f"{number}.csv", table(number))
            shop.until(lambda n=number: stopped(pid) or _is_done(shop, n + 1), 120.0)
            if not stopped(pid):
                continue
            ballast = fill(disk)
            until(lambda: codes(shop), lambda found: DegradedCause.DISK_FULL in found)
            until(still_there, bool)
            with pytest.raises(ShopfloorError):
                shop.client.ask(ModelDefine(definition=ModelDefinition(name="m", dataset="d", target="y")))
            ballast.unlink()
            until(lambda: troubles(shop), _none)
            until(still_there, bool)
        until(lambda: left_over(len(steps)), _none)
        assert taken >= len(steps) - 2, "steps were not reached; two threads may have come to theirs at once"
        assert shop.pid() == pid, "another engine"
        assert sorted(ids(shop)) == sorted(f"k{number}-{n}" for number in range(len(steps)) for n in range(20))
        assert shop.status().files.seen == len(steps)
        report = shop.client.ask(Doctor(), timeout=120.0)
        assert not [one for one in report.findings if not one.ok and one.check != "disk"], report.findings
    finally:
        shop.close()


def _none(found: list[object]) -> bool:
    return not found


def _is_done(shop: Shop, number: int) -> bool:
    """Whether so many files are in; not known while the engine has stopped."""
    with suppress(UnreachableError):
        return shop.status().files.committed == number
    return False


def _held(shop: Shop) -> list[str]:
    """What the newest version has; nothing before the first one."""
    return ids(shop) if shop.status().datasets and shop.status().files.committed else []
