"""Rejected rows are forgotten after a while, and that is told; the work list is not."""

from __future__ import annotations

import msgspec
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileState
from shopfloor.domain.reject import Reject
from shopfloor.store import events, rejects
from shopfloor.upkeep.old_rejects import forget_old_rejects
from shopfloor.workspace.settings import Settings, check

DECIDED = ((FileState.COMMITTED, 3), (FileState.DISCARDED, 2))


def _with_rejects(works: Works, dataset: str, state: FileState, count: int) -> str:
    file = works.deliver(dataset, state)
    found = [Reject(code="bad_value", message="It is not a number.", row=row + 1) for row in range(count)]
    works.store.write(lambda transaction: rejects.put(transaction, file, found))
    return file


def _left(works: Works, file: str) -> int:
    return works.store.read(lambda query: rejects.listing(query, file, 1000, 0)).total


def test_old_rejects_of_decided_files_go_and_activity_says_so(works: Works) -> None:
    old = [
        _with_rejects(works, "flights", FileState.COMMITTED, 3),
        _with_rejects(works, "flights", FileState.DISCARDED, 2),
    ]
    other = _with_rejects(works, "sales", FileState.COMMITTED, 1)
    waiting = _with_rejects(works, "flights", FileState.QUARANTINED, 4)
    assert forget_old_rejects(works.context) == 0
    works.clock.forward(days=89)
    new = _with_rejects(works, "flights", FileState.COMMITTED, 5)
    assert forget_old_rejects(works.context) == 0
    works.clock.forward(days=2)
    assert forget_old_rejects(works.context) == 6
    assert [_left(works, file) for file in (*old, other, waiting, new)] == [0, 0, 0, 4, 5]
    told = [event.message for event in _told(works)]
    assert len(told) == 2
    assert told[0].startswith("5 rejected rows of 2 files of flights are no longer kept: older than 90 days")
    assert told[1].startswith("1 rejected row of 1 file of sales is no longer kept")
    assert forget_old_rejects(works.context) == 0
    assert len(_told(works)) == 2


def test_days_are_a_setting(works: Works) -> None:
    file = _with_rejects(works, "flights", FileState.COMMITTED, 3)
    works.clock.forward(days=400)
    settings = works.context.settings
    works.context.settings = _kept(settings, 0)
    assert forget_old_rejects(works.context) == 0
    works.context.settings = _kept(settings, 500)
    assert forget_old_rejects(works.context) == 0
    works.context.settings = _kept(settings, 0.5)
    assert forget_old_rejects(works.context) == 3
    assert _left(works, file) == 0
    with pytest.raises(ConfigError, match="rejects_days"):
        check(_kept(settings, -1), "workspace.toml")


def _told(works: Works) -> list[Event]:
    return [event for event in works.store.read(lambda query: events.tail(query, 100)) if "forgotten" in event.kind]


def _kept(settings: Settings, days: float) -> Settings:
    return msgspec.structs.replace(settings, retention=msgspec.structs.replace(settings.retention, rejects_days=days))
