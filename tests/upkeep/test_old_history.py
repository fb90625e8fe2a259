"""The history of rows is kept for a year, or as long as `retention.history_days` says."""

from __future__ import annotations

import msgspec
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.release import AliasChange
from shopfloor.store import events, history, models
from shopfloor.upkeep.old_history import forget_old_history
from shopfloor.workspace.settings import check


def _move(works: Works, version: int, previous: int | None) -> None:
    def change(transaction):  # type: ignore[no-untyped-def]
        move = AliasChange(model="m", alias="champion", version=version, previous=previous, at=transaction.now)
        models.move_alias(transaction, move)

    works.store.write(change)


def _kept(works: Works) -> int:
    return len(works.store.read(lambda query: history.of_row(query, "aliases", ["m", "champion"])))


def test_old_images_go_and_their_events_stay(works: Works) -> None:
    _move(works, 1, None)
    works.clock.forward(days=200)
    _move(works, 2, 1)
    works.clock.forward(days=200)
    assert forget_old_history(works.context) >= 1
    assert _kept(works) == 1
    told = [event.kind for event in works.store.read(lambda query: events.tail(query, 100))]
    assert told.count("alias.moved") == 2
    assert told[-1] == "history.forgotten"
    assert forget_old_history(works.context) == 0


def test_days_of_history_are_a_setting(works: Works) -> None:
    _move(works, 1, None)
    works.clock.forward(days=4000)
    for days, left in ((0.0, 1), (5000.0, 1), (1.0, 0)):
        settings = works.context.settings
        retention = msgspec.structs.replace(settings.retention, history_days=days)
        works.context.settings = msgspec.structs.replace(settings, retention=retention)
        forget_old_history(works.context)
        assert _kept(works) == left
    with pytest.raises(ConfigError, match="history_days"):
        check(msgspec.structs.replace(settings, retention=msgspec.structs.replace(retention, history_days=-1)), "x")
