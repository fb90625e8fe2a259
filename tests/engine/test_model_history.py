"""The history of a model: who changed which part of it, when, and from what to what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.engine.test_undo import Hands, model, of
from tests.upkeep.works import Works

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.release import ModelChange, ModelPart
from shopfloor.domain.requests.models import ModelApprove, ModelDefine, ModelHistory, ModelPromote, ModelRetire
from shopfloor.engine.api.model_history import BY_HAND, history
from shopfloor.store import history as images


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


def told(works: Works, part: ModelPart | None = None, **window: Any) -> list[ModelChange]:
    found = history(of(works), ModelHistory(name="late", **window)).rows
    return [change for change in found if part in (None, change.part)]


def test_an_approval_changes_aliases_version_and_state(works: Works) -> None:
    model(works, waiting=True)
    works.clock.forward(hours=1)
    began = works.clock.now()
    Hands(of(works), "bob").ask(ModelApprove(ref="late@2", reason="seen"))
    found = [change for change in told(works) if change.at >= began]
    assert {change.actor for change in found} == {"bob"}
    moves = {change.alias: (change.previous, change.version) for change in found if change.part is ModelPart.ALIAS}
    assert moves["champion"] == (1, 2)
    version = next(change for change in found if change.part is ModelPart.VERSION)
    assert version.version == 2
    assert version.changes["approvals"] == ([], ["bob"])
    state = next(change for change in found if change.part is ModelPart.STATE)
    assert state.changes == {"awaiting": (2, None)}
    assert {change.seq for change in (version, state)} == {works.store.last_seq}


def test_a_version_is_made_and_then_judged(works: Works) -> None:
    model(works, waiting=True)
    judged, second, first = told(works, ModelPart.VERSION)
    assert [change.made for change in (judged, second, first)] == [False, True, True]
    assert [change.version for change in (judged, second, first)] == [2, 2, 1]
    assert judged.changes["decision"] == (None, "await_approval")
    assert second.changes["run"] == (None, "r2")


def test_a_definition_is_compared_setting_by_setting_and_an_edit_is_nobodys(works: Works) -> None:
    model(works)
    ada = Hands(of(works))
    wanted = ModelDefinition(name="late", dataset="flights", target="city", exclude=("id",))
    ada.ask(ModelDefine(definition=wanted, train=False))
    path = works.layout.definition("late")
    path.write_text(path.read_text().replace('exclude = ["id"]', "exclude = []"))
    Hands(of(works), "bob").ask(ModelRetire(name="late", reason="too old"))
    retired, edited, defined = told(works, ModelPart.DEFINITION)
    assert (defined.actor, defined.changes) == ("ada", {"exclude": (None, ["id"])})
    assert (edited.actor, edited.cause, edited.changes) == ("", BY_HAND, {"exclude": (["id"], [])})
    assert retired.actor == "bob"
    assert retired.changes["retired"] == (None, True)
    assert told(works, ModelPart.STATE)[0].changes == {"retired": (False, True)}


def test_of_another_model_or_a_dataset_of_that_name_nothing_is_told(works: Works) -> None:
    model(works)
    before = told(works)
    works.release("later")
    works.commit("late", [works.flights("Oslo")])
    assert told(works) == before


def test_the_window_and_a_moment_before(works: Works) -> None:
    model(works)
    Hands(of(works)).ask(ModelPromote(ref="late@2"))
    page = history(of(works), ModelHistory(name="late", limit=2, offset=1))
    assert list(page.rows) == told(works)[1:3]
    assert page.total == len(told(works))
    then = told(works, as_of=works.clock.now())
    assert {change.part for change in then} == {ModelPart.ALIAS}
    assert {change.alias: change.version for change in then}["champion"] == 2


def test_moves_of_aliases_outlast_the_history_of_rows(works: Works) -> None:
    model(works)
    works.clock.forward(days=1)
    works.store.write(lambda transaction: images.forget(transaction, transaction.now))
    assert {change.part for change in told(works)} == {ModelPart.ALIAS}
    assert msgspec.json.decode(msgspec.json.encode(told(works)), type=list[ModelChange]) == told(works)
