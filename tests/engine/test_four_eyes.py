"""Four eyes: a release needs as many people as its rule says, and so does a weaker rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.engine.test_undo import Hands, model, of
from tests.upkeep.works import Works

from shopfloor.domain.definition import ModelDefinition, Release, ReleasePolicy
from shopfloor.domain.errors import ConfigError, RefusedError
from shopfloor.domain.release import HeldRule, Outcome, ReleaseRule
from shopfloor.domain.requests.models import (
    ModelApprove,
    ModelApproveLowering,
    ModelDefine,
    ModelPromote,
    ModelRejectLowering,
    ModelShow,
)
from shopfloor.engine.api import models as answers
from shopfloor.release import four_eyes, releasing
from shopfloor.release.withdrawn_rows import release_again
from shopfloor.statistics import metrics
from shopfloor.store import events, models, release_rules
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.definitions import check_approvals, save_definition
from shopfloor.workspace.settings import Settings, TeamRoles, TeamSettings

TEAM = TeamSettings(group="factory")


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    """Model `late` in a team, two of whom release it; v2 waits."""
    made = Works(tmp_path)
    made.context.settings = Settings(team=TEAM)
    model(made, waiting=True)
    write(made, approvals=2)
    answers.note_rules(of(made))
    yield made
    made.store.close()


def write(works: Works, policy: ReleasePolicy = ReleasePolicy.APPROVAL, *, approvals: int) -> ModelDefinition:
    """The definition as a person edits it."""
    rule = Release(policy=policy, approvals=approvals)
    definition = ModelDefinition(name="late", dataset="flights", target="city", release=rule)
    save_definition(works.layout, definition, metrics.find)
    return definition


def held(works: Works) -> HeldRule:
    found = works.store.read(lambda query: release_rules.get(query, "late"))
    assert found is not None
    return found


def needed(works: Works) -> int:
    definition = works.context.definition("late")
    return works.store.read(lambda query: four_eyes.in_force(query, definition)).release.approvals


def champion(works: Works) -> int | None:
    return works.store.read(lambda query: models.aliases(query, "late")).get("champion")


def hands(works: Works) -> tuple[Hands, Hands, Hands]:
    ann, bob, eve = (Hands(of(works), name) for name in ("ann", "bob", "eve"))
    return ann, bob, eve


def test_two_people_approve_and_it_is_told_who_has_and_how_many_are_missing(works: Works) -> None:
    ann, bob, _ = hands(works)
    for _ in range(2):
        ann.ask(ModelApprove(ref="late@2"))
    assert champion(works) == 1
    shown = answers.show(of(works), ModelShow(name="late")).pending
    assert [(each.version, each.needed, each.approved_by, each.missing) for each in shown] == [(2, 2, ("ann",), 1)]
    bob.ask(ModelApprove(ref="late@2"))
    assert champion(works) == 2
    assert answers.show(of(works), ModelShow(name="late")).pending == ()


def test_approvals_of_an_earlier_decision_do_not_count_for_a_later_one(works: Works) -> None:
    """The same artifact comes again, for other reasons: both agree again."""
    ann, _, eve = hands(works)
    ann.ask(ModelApprove(ref="late@2"))

    def again(transaction: Transaction) -> None:
        known = models.version(transaction, "late", 2)
        assert known.decision is not None
        release_again(transaction, works.context.definition("late"), known, known.decision, "r9")

    works.store.write(again)
    eve.ask(ModelApprove(ref="late@2"))
    assert champion(works) == 1
    ann.ask(ModelApprove(ref="late@2"))
    assert champion(works) == 2


def test_a_promotion_by_one_person_only_asks_for_it(works: Works) -> None:
    ann, bob, _ = hands(works)
    ann.ask(ModelPromote(ref="late@2", reason="I am sure"))
    ann.ask(ModelPromote(ref="late@2", reason="I am very sure"))
    assert champion(works) == 1
    assert [each.kind for each in works.store.read(lambda query: events.tail(query, 1))] == ["release.requested"]
    bob.ask(ModelPromote(ref="late@2", reason="so am I"))
    assert champion(works) == 2


@pytest.mark.parametrize("edit", [{"approvals": 1}, {"policy": ReleasePolicy.AUTO, "approvals": 2}])
def test_an_edit_of_the_file_lowers_nothing_until_as_many_agree_as_before(works: Works, edit: dict[str, int]) -> None:
    ann, bob, _ = hands(works)
    definition = write(works, **edit)  # type: ignore[arg-type]
    answers.note_rules(of(works))
    ann.ask(ModelApprove(ref="late@2"))
    assert (champion(works), needed(works)) == (1, 2)
    record = ann.ask(ModelApproveLowering(name="late"))
    again = ann.ask(ModelApproveLowering(name="late"))
    assert [(each.approved_by, each.missing) for each in again.pending if each.version is None] == [(("ann",), 1)]
    assert record.pending == again.pending
    assert (record.release_policy, record.approvals_needed) == ("approval", 2)
    bob.ask(ModelApproveLowering(name="late"))
    assert held(works) == HeldRule(model="late", rule=four_eyes.wanted_rule(definition))
    assert needed(works) == definition.release.approvals
    with pytest.raises(RefusedError, match="No weaker release rule of late awaits approval"):
        bob.ask(ModelApproveLowering(name="late"))


def test_a_definition_through_the_engine_lowers_nothing_either(works: Works) -> None:
    ann, bob, eve = hands(works)
    lower = msgspec.structs.replace(works.context.definition("late"), release=Release(approvals=1))
    ann.ask(ModelDefine(definition=lower, train=False))
    lowering = held(works).lowering
    assert lowering is not None
    assert (str(lowering), lowering.asked_by) == ("policy approval → auto, approvals 2 → 1", "ann")
    bob.ask(ModelApproveLowering(name="late"))
    other = msgspec.structs.replace(lower, release=Release(policy=ReleasePolicy.MANUAL, approvals=1))
    eve.ask(ModelDefine(definition=other, train=False))  # what Bob agreed to was something else
    changed = held(works).lowering
    assert changed is not None
    assert (changed.asked_by, changed.approvals) == ("eve", ())
    eve.ask(ModelRejectLowering(name="late"))
    assert held(works) == HeldRule(model="late", rule=ReleaseRule(policy=ReleasePolicy.APPROVAL, approvals=2))
    assert four_eyes.wanted_rule(works.context.definition("late")) == held(works).rule


def test_a_file_that_nobody_has_noted_cannot_be_lowered_in_passing(works: Works) -> None:
    ann, _, _ = hands(works)
    write(works, approvals=3)
    lower = msgspec.structs.replace(works.context.definition("late"), release=Release(approvals=1))
    ann.ask(ModelDefine(definition=lower, train=False))
    assert needed(works) == 3


def test_a_gate_that_was_to_promote_waits_under_a_rule_that_became_stronger(works: Works) -> None:
    definition = works.context.definition("late")
    careless = msgspec.structs.replace(definition, release=Release())

    def decide(transaction: object) -> None:
        version = models.version(transaction, "late", 2)  # type: ignore[arg-type]
        assert version.decision is not None
        promote = msgspec.structs.replace(version.decision, outcome=Outcome.PROMOTE)
        version = msgspec.structs.replace(version, decision=promote)
        models.put_version(transaction, version)  # type: ignore[arg-type]
        releasing.apply_decision(transaction, careless, version, "r2")  # type: ignore[arg-type]

    works.store.write(decide)
    assert champion(works) == 1
    assert works.store.read(lambda query: models.state(query, "late")).awaiting == 2


def test_a_number_of_people_that_cannot_come_together_is_refused_with_the_way_out() -> None:
    definition = ModelDefinition(name="late", dataset="d", target="y", release=Release(approvals=2))
    with pytest.raises(ConfigError, match="uses the same account") as caught:
        check_approvals(definition, TeamSettings(), "models/late.toml")
    assert "shopfloor config set team.group GROUP" in caught.value.hint
    with pytest.raises(ConfigError, match=r"names 1 person"):
        check_approvals(definition, msgspec.structs.replace(TEAM, roles=TeamRoles(approve=("ann", "ann"))), "x")
    for roles in (TeamRoles(), TeamRoles(approve=("ann", "bob")), TeamRoles(approve=("@release",))):
        check_approvals(definition, msgspec.structs.replace(TEAM, roles=roles), "x")
