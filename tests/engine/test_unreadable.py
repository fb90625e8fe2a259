"""A definition that cannot be read: it is told, and what came meanwhile is caught up with once it can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.engine.test_delivery_trust import DEFINITION, learn, queued
from tests.upkeep.works import Works

from shopfloor.cli.output.models import state
from shopfloor.domain.job import JobKind
from shopfloor.domain.notice import FOR_PEOPLE
from shopfloor.domain.requests.models import ModelList
from shopfloor.domain.trust import Trust
from shopfloor.engine.api import models
from shopfloor.engine.line.line import ProductionLine
from shopfloor.engine.line.unreadable import UnreadableDefinitions
from shopfloor.engine.services import EngineServices
from shopfloor.runtime.line import VersionCommitted
from shopfloor.statistics import metrics
from shopfloor.store import datasets, events, trust
from shopfloor.workspace.definitions import save_definition


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    """Model `late` has a champion that learned from the one delivery of flights."""
    made = Works(tmp_path)
    made.context.line = ProductionLine(made.context)
    save_definition(made.layout, DEFINITION, metrics.find)
    deliver(made, "Oslo")
    learn(made, 1)
    yield made
    made.store.close()


def deliver(works: Works, city: str) -> None:
    """The next version of flights with one more row."""
    number = works.store.read(lambda query: datasets.current_version(query, "flights"))
    before = works.store.read(lambda query: datasets.parts(query, "flights", number))
    works.commit("flights", [*before, works.flights(city)], digest=f"d{number + 1}", added=1)
    version = works.store.read(lambda query: datasets.version(query, "flights", number + 1))
    assert version is not None
    works.store.write(lambda transaction: works.context.line.after(transaction, VersionCommitted(version)))


def told(works: Works) -> list[str]:
    found = works.store.read(lambda query: events.of_kind(query, "late", "model.", 100))
    return [event.kind for event in reversed(found) if event.kind in ("model.invalid", "model.mended")]


@pytest.mark.parametrize("restarted", [False, True])
def test_what_came_while_a_definition_could_not_be_read_is_checked_and_learned_once_it_can_be(
    works: Works, restarted: bool
) -> None:
    looks = UnreadableDefinitions(works.context)
    looks()
    file = works.layout.definition("late")
    text = file.read_text()
    file.write_text("dataset = = 3")
    for _ in range(2):
        looks()
    assert told(works) == ["model.invalid"]
    assert "model.invalid" in FOR_PEOPLE
    before = queued(works, JobKind.TRAIN)
    works.clock.forward(seconds=60)
    deliver(works, "Rome")
    assert (queued(works, JobKind.MONITOR), queued(works, JobKind.TRAIN)) == ([], before)
    if restarted:
        works.store.close()
        works.reopen()
        works.context.line = ProductionLine(works.context)
        looks = UnreadableDefinitions(works.context)
        looks()
    file.write_text(text)
    for _ in range(2):
        looks()
    assert told(works) == ["model.invalid", "model.mended"]
    assert (queued(works, JobKind.MONITOR), queued(works, JobKind.TRAIN)) == (["late"], ["late"])
    verdict = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert verdict is not None
    assert (verdict.trust, verdict.pending) == (Trust.UNKNOWN, ("late",))


def test_it_is_listed_with_why_it_cannot_be_read_and_with_what_serves(works: Works) -> None:
    """Neither a list nor the count reads as if the model were gone."""
    save_definition(works.layout, msgspec.structs.replace(DEFINITION, name="punctual"), metrics.find)
    works.layout.definition("late").write_text("dataset = = 3\x1b[2J")
    nothing: Any = None
    services = EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)
    page = models.listing(services, ModelList())
    assert [(one.name, one.champion, bool(one.error)) for one in page.rows] == [
        ("late", 1, True),
        ("punctual", None, False),
    ]
    assert page.total == 2
    assert page.rows[0].error.startswith("models/late.toml is not used: ")
    assert page.rows[0].error.isprintable()
    assert [one.name for one in models.listing(services, ModelList(offset=1)).rows] == ["punctual"]
    assert state(page.rows[0]) == "unreadable"


def test_a_definition_that_is_gone_or_newly_readable_for_ever_brings_nothing(works: Works) -> None:
    looks = UnreadableDefinitions(works.context)
    file = works.layout.definition("late")
    file.write_text("dataset = = 3")
    looks()
    file.unlink()
    looks()
    deliver(works, "Rome")
    looks()
    assert told(works) == ["model.invalid"]
    assert queued(works, JobKind.MONITOR) == []


def test_checks_of_one_more_model_do_not_overwrite_what_others_found(works: Works) -> None:
    """A verdict that is there gets one more check to wait for; a person's word stands."""
    deliver(works, "Rome")
    known = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert known is not None
    word = msgspec.structs.replace(known, pending=(), trust=Trust.TRUSTED, decided_by="ada", reason="right")
    works.store.write(lambda transaction: trust.put(transaction, word))
    file = works.layout.definition("late")
    text = file.read_text()
    looks = UnreadableDefinitions(works.context)
    file.write_text("dataset = = 3")
    looks()
    file.write_text(text)
    looks()
    after = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert after is not None
    assert (after.trust, after.reason, after.pending) == (Trust.TRUSTED, "right", ("late",))
