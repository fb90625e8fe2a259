"""Undo: every mutation is either taken back, so that all is as it was, or says why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.actions.test_registry import mutations
from tests.upkeep.works import Works

from shopfloor.domain.codec import to_json
from shopfloor.domain.contract import Mode
from shopfloor.domain.definition import ModelDefinition, Release
from shopfloor.domain.errors import NotFoundError, RefusedError
from shopfloor.domain.file import FileState
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.release import AliasChange, Decision, Outcome
from shopfloor.domain.requests import alerts as alert_requests
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetRollback, DatasetTrust
from shopfloor.domain.requests.files import FileDiscard, FileWithdraw
from shopfloor.domain.requests.models import (
    ModelApprove,
    ModelCost,
    ModelDefine,
    ModelPromote,
    ModelReject,
    ModelRejectLowering,
    ModelRetire,
    ModelRollback,
    ModelTestAnswer,
    ModelThreshold,
    ModelTrain,
)
from shopfloor.domain.requests.request import Mutation, answer_type
from shopfloor.domain.requests.workspace import ConfigSet, Undo, UndoReport
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.domain.value import CostKind
from shopfloor.engine.api.routes import routes
from shopfloor.engine.api.server import application
from shopfloor.engine.api.undo import undo
from shopfloor.engine.services import EngineServices
from shopfloor.release import four_eyes
from shopfloor.statistics import metrics
from shopfloor.store import alerts, events, history, models, trust
from shopfloor.workspace.definitions import save_definition

ANSWERS = routes()


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def services(works: Works) -> EngineServices:
    return of(works)


def of(works: Works) -> EngineServices:
    nothing: Any = None
    return EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)


class Hands:
    """Somebody who asks, with a new operation id each time."""

    def __init__(self, services: EngineServices, actor: str = "ada") -> None:
        self.services, self.actor, self.count = services, actor, 0

    def ask(self, request: Mutation[Any]) -> Any:
        self.count += 1
        signed = msgspec.structs.replace(request, op_id=f"{self.actor}-{self.count}", actor=self.actor)
        return ANSWERS[type(request)](self.services, signed)

    def undo(self, seq: int | None = None, *, dry_run: bool = False) -> UndoReport:
        report: UndoReport = self.ask(Undo(seq=seq, dry_run=dry_run))
        return report


@pytest.fixture
def ada(services: EngineServices) -> Hands:
    return Hands(services)


def model(works: Works, waiting: bool = False) -> None:
    """Model `late` with v1 as champion and v2 as challenger, which the gate likes or which `waiting` for a person."""
    works.commit("flights", [works.flights("Oslo")])
    definition = ModelDefinition(name="late", dataset="flights", target="city")
    save_definition(works.layout, definition, metrics.find)
    works.release("late")
    works.release("late", 2, champion=False)

    def judge(transaction: Any) -> None:
        outcome = Outcome.AWAIT_APPROVAL if waiting else Outcome.PROMOTE
        version = models.version(transaction, "late", 2)
        decision = Decision(outcome=outcome, reason="better", champion=1)
        models.put_version(transaction, msgspec.structs.replace(version, decision=decision))
        move = AliasChange(model="late", alias="challenger", version=2, previous=None, at=transaction.now)
        models.move_alias(transaction, move)
        state = models.state(transaction, "late")
        models.put_state(transaction, msgspec.structs.replace(state, awaiting=2 if waiting else None))

    works.store.write(judge)


def alert(works: Works, id: str = "") -> str:
    now = works.clock.now()
    new = AlertRecord(id=id, subject="late", check="performance", opened_at=now, updated_at=now)
    return works.store.write(lambda transaction: alerts.create(transaction, new)).id


def _promoted(works: Works, ada: Hands) -> None:
    model(works)
    ada.ask(ModelPromote(ref="late@2"))


def _acknowledged(works: Works) -> Mutation[Any]:
    return alert_requests.AlertAck(id=alert(works), note="mine")


def _snoozed(works: Works) -> Mutation[Any]:
    return alert_requests.AlertSnooze(id=alert(works), until=works.clock.now().replace(year=2099))


def _resolved(works: Works) -> Mutation[Any]:
    return alert_requests.AlertResolve(id=alert(works))


def _promote(works: Works) -> Mutation[Any]:
    model(works)
    return ModelPromote(ref="late@2")


def _approve(works: Works) -> Mutation[Any]:
    model(works, waiting=True)
    return ModelApprove(ref="late@2")


def _reject(works: Works) -> Mutation[Any]:
    model(works, waiting=True)
    return ModelReject(ref="late@2")


def _rollback(works: Works) -> Mutation[Any]:
    _promoted(works, Hands(of(works), "bob"))
    return ModelRollback(name="late")


def _retire(works: Works) -> Mutation[Any]:
    model(works, waiting=True)
    return ModelRetire(name="late", reason="too old")


def _reject_lowering(works: Works) -> Mutation[Any]:
    model(works)
    definition = ModelDefinition(name="late", dataset="flights", target="city")
    two = msgspec.structs.replace(definition, release=Release(approvals=2))
    works.store.write(lambda transaction: four_eyes.note(transaction, two, actor="bob", team=True))
    return ModelRejectLowering(name="late")


def _define_model(works: Works) -> Mutation[Any]:
    model(works)
    changed = ModelDefinition(name="late", dataset="flights", target="city", exclude=("id",))
    return ModelDefine(definition=changed, train=False)


def _threshold(works: Works) -> Mutation[Any]:
    model(works)
    return ModelThreshold(name="late", threshold=0.3)


def _cost(works: Works) -> Mutation[Any]:
    model(works)
    return ModelCost(name="late", amount=12.5, kind=CostKind.PEOPLE)


def _answer(works: Works) -> Mutation[Any]:
    model(works)
    return ModelTestAnswer(name="late", test="D5", score=1)


def _define_dataset(works: Works) -> Mutation[Any]:
    Hands(of(works), "bob").ask(DatasetDefine(name="flights", mode=Mode.APPEND))
    return DatasetDefine(name="flights", mode=Mode.SNAPSHOT)


def _dataset_rollback(works: Works) -> Mutation[Any]:
    works.commit("flights", [works.flights("Oslo")])
    works.commit("flights", [works.flights("Oslo"), works.flights("Rome")], digest="other")
    return DatasetRollback(ref="flights@1")


def _trust(works: Works) -> Mutation[Any]:
    works.commit("flights", [works.flights("Oslo")])
    verdict = DeliveryTrust(dataset="flights", version=1, trust=Trust.BROKEN, decided_at=works.clock.now())
    works.store.write(lambda transaction: trust.put(transaction, verdict))
    return DatasetTrust(ref="flights@1", reason="the sensor was moved")


def _discard(works: Works) -> Mutation[Any]:
    id = works.deliver("flights", FileState.QUARANTINED, sha256="1" * 64)
    works.deliver("flights", FileState.QUARANTINED, sha256="1" * 64)
    return FileDiscard(id=id)


def _configure(works: Works) -> Mutation[Any]:
    return ConfigSet(key="retention.backups", value="3")


DEEDS: dict[str, Callable[[Works], Mutation[Any]]] = {
    "alert.ack": _acknowledged,
    "alert.snooze": _snoozed,
    "alert.resolve": _resolved,
    "model.promote": _promote,
    "model.approve": _approve,
    "model.reject": _reject,
    "model.rollback": _rollback,
    "model.retire": _retire,
    "model.define": _define_model,
    "model.reject-lowering": _reject_lowering,
    "model.threshold": _threshold,
    "model.cost": _cost,
    "model.test_answer": _answer,
    "dataset.define": _define_dataset,
    "dataset.rollback": _dataset_rollback,
    "dataset.trust": _trust,
    "file.discard": _discard,
    "config.set": _configure,
}


def picture(works: Works) -> dict[str, Any]:
    """All that people decide on, without what only counts up: revisions, versions of datasets, times."""
    tables = {
        "aliases": "SELECT model, alias, version FROM aliases WHERE version IS NOT NULL ORDER BY ALL",
        "versions": "SELECT model, version, record::VARCHAR FROM model_versions ORDER BY ALL",
        "models": "SELECT name, retired, awaiting FROM models ORDER BY ALL",
        "thresholds": "SELECT model, threshold FROM decision_thresholds WHERE threshold IS NOT NULL ORDER BY ALL",
        "costs": "SELECT model, sum(amount) FROM value_costs GROUP BY ALL HAVING sum(amount) <> 0 ORDER BY ALL",
        "answers": "SELECT model, test, score FROM score_answers WHERE score IS NOT NULL ORDER BY ALL",
        "alerts": "SELECT id, state, record::VARCHAR FROM alerts ORDER BY ALL",
        "files": "SELECT id, state, reason, duplicate_of FROM files ORDER BY ALL",
        "trust": "SELECT dataset, version, record::VARCHAR FROM delivery_trust ORDER BY ALL",
        "datasets": "SELECT name, mode, rows, parts, bytes FROM datasets ORDER BY ALL",
    }
    found: dict[str, Any] = {
        name: works.store.read(lambda query, sql=sql: query.all(sql))
        for name, sql in tables.items()  # type: ignore[misc]
    }
    layout = works.layout
    for path in (layout.settings, *layout.models.glob("*.toml"), *layout.root.glob("datasets/*.toml")):
        lines = path.read_text().splitlines()
        found[path.name] = [line for line in lines if not line.startswith("revision")]
    found["served"] = [(path.name, b'"version":2' in path.read_bytes()) for path in layout.serving.glob("*")]
    return found


def test_every_mutation_is_undone_or_says_why_not() -> None:
    for kind in mutations():
        assert (kind.verb in DEEDS) != bool(kind.irreversible) or kind is Undo, kind.verb
        assert not kind.irreversible or kind.irreversible[0].isupper(), kind.verb
    assert set(DEEDS) <= {kind.verb for kind in mutations()}


@pytest.mark.parametrize("verb", DEEDS)
def test_done_and_undone_all_is_as_it_was_and_done_again_as_it_became(verb: str, works: Works, ada: Hands) -> None:
    request = DEEDS[verb](works)
    assert request.verb == verb
    before = picture(works)
    ada.ask(request)
    done = picture(works)
    assert done != before
    planned = ada.undo(dry_run=True)
    assert picture(works) == done
    report = ada.undo()
    assert msgspec.structs.replace(report, dry_run=True) == planned
    assert report.verb == verb
    assert report.steps
    assert picture(works) == before
    assert [event.kind for event in works.store.read(lambda query: events.tail(query, 5))].count(
        "operation.undone"
    ) == 1
    assert ada.undo().verb == "undo"
    assert picture(works) == done


class Caller:
    """Somebody who asks by HTTP and gets what goes over the wire."""

    def __init__(self, services: EngineServices) -> None:
        self._http = TestClient(application(services))
        self._http.app_state["peer"] = services.peer
        self._count = 0

    def post(self, request: Mutation[Any], op_id: str = "") -> dict[str, Any]:
        self._count += 1
        signed = msgspec.structs.replace(request, op_id=op_id or f"op{self._count}")
        answer = self._http.post(f"/v1/{request.verb}", content=to_json(signed))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.mark.parametrize("verb", DEEDS)
def test_a_mutation_answers_with_what_takes_it_back(verb: str, works: Works, services: EngineServices) -> None:
    request = DEEDS[verb](works)
    before = picture(works)
    caller = Caller(services)
    answer = caller.post(request, "once")
    done, undo = picture(works), answer["undo"]
    assert undo["command"] == f"shopfloor undo {undo['seq']}"
    assert undo["seq"] == works.store.last_seq
    tables = {image.table for image in works.store.read(lambda query: history.of_operation(query, "once", 1, 999))}
    assert {row["table"] for row in undo["expects"]} == tables
    assert all(row["key"] and row["seq"] <= undo["seq"] for row in undo["expects"])
    assert caller.post(request, "once") == answer  # a reply that was lost
    back = caller.post(Undo(seq=undo["seq"]))
    assert picture(works) == before
    caller.post(Undo(seq=back["undo"]["seq"]))
    assert picture(works) == done


def test_what_nothing_takes_back_answers_with_nothing(works: Works, services: EngineServices) -> None:
    model(works)
    caller = Caller(services)
    assert "undo" not in caller.post(ModelTrain(name="late"))
    assert "undo" not in caller.post(FileWithdraw(id=works.deliver("flights")))
    assert "undo" not in caller.post(DatasetDefine(name="trains"))  # made now: there is no earlier contract
    first = caller.post(alert_requests.AlertAck(id=alert(works)))
    assert "undo" not in caller.post(Undo(dry_run=True))
    assert "undo" not in caller.post(alert_requests.AlertAck(id=first["id"]))  # changes nothing
    assert not any("undo" in kind.__struct_fields__ for kind in map(answer_type, mutations()))


def test_what_moved_since_is_not_undone(works: Works, ada: Hands, services: EngineServices) -> None:
    id = alert(works)
    ada.ask(alert_requests.AlertAck(id=id))
    first = works.store.last_seq
    Hands(services, "bob").ask(alert_requests.AlertResolve(id=id))
    before = picture(works)
    with pytest.raises(RefusedError, match=rf"changed again by bob \(event {works.store.last_seq}\)"):
        ada.undo(first)
    assert picture(works) == before


def test_a_file_that_was_edited_by_hand_since_keeps_the_edit(works: Works, ada: Hands) -> None:
    ada.ask(ConfigSet(key="retention.backups", value="3"))
    works.layout.settings.write_text('name = "works"\n[retention]\nbackups = 4\n')
    with pytest.raises(RefusedError, match=r"workspace\.toml was edited meanwhile"):
        ada.undo()


def test_what_somebody_else_did_is_theirs(works: Works, ada: Hands, services: EngineServices) -> None:
    Hands(services, "bob").ask(alert_requests.AlertAck(id=alert(works)))
    with pytest.raises(RefusedError, match="done by bob"):
        ada.undo(works.store.last_seq)
    with pytest.raises(RefusedError, match="ada has changed nothing yet"):
        ada.undo()


def test_what_happened_by_itself_and_what_never_happened(works: Works, ada: Hands) -> None:
    works.commit("flights", [works.flights("Oslo")])
    with pytest.raises(RefusedError, match="nothing that somebody asked for"):
        ada.undo(works.store.last_seq)
    with pytest.raises(NotFoundError, match="There is no event 999"):
        ada.undo(999)


def test_what_cannot_be_undone_says_what_to_do_instead(works: Works, ada: Hands) -> None:
    id = works.deliver("flights")
    ada.ask(FileWithdraw(id=id))
    with pytest.raises(RefusedError, match="cannot be undone") as refusal:
        ada.undo()
    assert "shopfloor dataset rollback" in refusal.value.hint


def test_the_first_of_its_kind_has_nothing_to_go_back_to(works: Works, ada: Hands) -> None:
    ada.ask(DatasetDefine(name="flights"))
    with pytest.raises(RefusedError, match="no earlier one"):
        ada.undo()


def test_what_left_the_house_is_said_to_stay(works: Works, ada: Hands) -> None:
    _promoted(works, ada)
    report = ada.undo(dry_run=True)
    assert report.steps[-1] == "champion of late: v2 → v1"
    assert report.stays == ("Predictions that were served meanwhile stay.",)


def test_an_undo_asked_for_twice_is_done_once(works: Works, services: EngineServices) -> None:
    hands = Hands(services)
    id = alert(works)
    hands.ask(alert_requests.AlertAck(id=id))
    request = Undo(op_id="same", actor="ada")
    assert undo(services, request) == undo(services, request)
    assert works.store.read(lambda query: alerts.get(query, id)).state == "open"


def test_an_undo_undone_again_and_again_is_told_in_two_words(works: Works, ada: Hands) -> None:
    ada.ask(alert_requests.AlertAck(id=alert(works)))
    first = ada.undo().message
    for word in ("Undone", "Done again", "Undone", "Done again"):
        assert works.store.read(lambda query: events.after(query, 0, 100))[-1].message == f"{word}: {first}"
        ada.undo()


def test_after_an_undone_promotion_a_rollback_goes_to_the_champion_before(works: Works, ada: Hands) -> None:
    _promoted(works, ada)
    ada.undo()
    works.release("late", 3, champion=False)
    ada.ask(ModelPromote(ref="late@3", reason="sure"))
    ada.ask(ModelRollback(name="late"))
    held = works.store.read(lambda query: models.aliases(query, "late"))
    assert held.get("champion") == 1
    assert held.get("previous") is None


def test_forgotten_images_are_not_undone(works: Works, ada: Hands) -> None:
    ada.ask(alert_requests.AlertAck(id=alert(works)))
    works.clock.forward(days=1)
    works.store.write(lambda transaction: history.forget(transaction, transaction.now))
    with pytest.raises(RefusedError, match="not kept any more"):
        ada.undo()


def test_an_alert_tells_who_changed_it_also_by_undo(works: Works, ada: Hands, services: EngineServices) -> None:
    id = alert(works)
    ada.ask(alert_requests.AlertAck(id=id, note="mine"))
    ada.undo()
    Hands(services, "bob").ask(alert_requests.AlertResolve(id=id))
    told = ANSWERS[alert_requests.AlertHistory](services, alert_requests.AlertHistory(id=id)).rows
    assert [(each.actor, each.changes["state"]) for each in told] == [
        ("ada", ("open", "acknowledged")),
        ("ada", ("acknowledged", "open")),
        ("bob", ("open", "resolved")),
    ]
    assert told[0].changes["note"] == ("", "mine")
