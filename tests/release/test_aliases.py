from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shopfloor.domain.errors import ConflictError, NotFoundError, RefusedError, ShopfloorError, UsageError
from shopfloor.domain.release import UNDO, AliasChange, Decision, GateCheck, ModelVersion, Outcome, WithdrawnRows
from shopfloor.domain.run import ArtifactRef
from shopfloor.release import aliases
from shopfloor.release.aliases import ReleaseAction, ReleaseState, ReleaseUpdate

Action = Callable[[ReleaseState], ReleaseUpdate]
START = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BOB = ReleaseAction(actor="ann", now=START), ReleaseAction(actor="bob", now=START)
WHY = ReleaseAction(actor="ann", now=START, reason="the audit asks for it")
BY_HAND = (GateCheck(code="policy", passed=None, detail="manual: a person must promote it"),)


def version(
    number: int, outcome: Outcome | None = Outcome.PROMOTE, champion: int | None = None, **more: Any
) -> ModelVersion:
    checks = more.pop("checks", ())
    decision = (
        None if outcome is None else Decision(outcome=outcome, reason="so it is", champion=champion, checks=checks)
    )
    return ModelVersion(
        model="late",
        version=number,
        run=f"r{number}",
        dataset_version=1,
        artifact=ArtifactRef(sha256="0" * 64, bytes=1),
        decision=decision,
        created_at=START,
        **more,
    )


MARK = WithdrawnRows(dataset_version=3, cause="withdrawn by ann", files={"f2": 800})


def standing(*versions: ModelVersion, **known: Any) -> ReleaseState:
    return ReleaseState(model="late", versions=versions, **known)


def held(moves: ReleaseUpdate) -> dict[str, int | None]:
    return {change.alias: change.version for change in moves.changes}


def applied(standing: ReleaseState, moves: ReleaseUpdate) -> ReleaseState:
    """The standing after `moves`, as the store makes it."""
    now = held(moves)
    versions = tuple(moves.version if one.version == moves.version.version else one for one in standing.versions)
    return msgspec.structs.replace(
        standing,
        champion=now.get("champion", standing.champion),
        challenger=now.get("challenger", standing.challenger),
        previous=now.get("previous", standing.previous),
        awaiting=moves.awaiting,
        versions=versions,
        history=standing.history + tuple(one for one in moves.changes if one.alias == "champion"),
    )


def test_the_first_model_becomes_champion() -> None:
    moves = aliases.apply_gate_decision(
        standing(version(1)), 1, ReleaseAction(actor="gate", now=START, cause="r1", reason="first model")
    )
    assert held(moves) == {"champion": 1}
    change = moves.changes[0]
    assert (change.actor, change.cause, change.reason, change.at, change.previous) == (
        "gate",
        "r1",
        "first model",
        START,
        None,
    )


def test_a_promotion_keeps_the_old_champion_as_previous() -> None:
    state = standing(version(1), version(2, champion=1), champion=1, challenger=2, awaiting=None)
    moves = aliases.promote(state, 2, ANN)
    assert held(moves) == {"champion": 2, "previous": 1, "challenger": None}
    assert [change.previous for change in moves.changes] == [1, None, 2]


@pytest.mark.parametrize(
    ("outcome", "expected", "awaiting"),
    [
        (Outcome.PROMOTE, {"champion": 2, "previous": 1}, None),
        (Outcome.AWAIT_APPROVAL, {"challenger": 2}, 2),
        (Outcome.HOLD, {"challenger": 2}, None),
        (Outcome.REJECT, {}, None),
    ],
)
def test_the_gates_decision_moves_aliases(outcome: Outcome, expected: dict[str, int], awaiting: int | None) -> None:
    moves = aliases.apply_gate_decision(standing(version(1), version(2, outcome, 1), champion=1), 2, ANN)
    assert held(moves) == expected
    assert moves.awaiting == awaiting


def test_a_held_challenger_does_not_end_an_approval() -> None:
    state = standing(
        version(1), version(2, Outcome.AWAIT_APPROVAL, 1), version(3, Outcome.HOLD, 1), champion=1, awaiting=2
    )
    assert aliases.apply_gate_decision(state, 3, ANN).awaiting == 2


WAIT, HOLD, NO = Outcome.AWAIT_APPROVAL, Outcome.HOLD, Outcome.REJECT
BLANK = ReleaseAction(actor="ann", now=START, reason="  ")
NOBODY = ReleaseAction(actor=" ", now=START)


def promote(number: int, act: ReleaseAction = ANN, *, force: bool = False) -> Action:
    return lambda state: aliases.promote(state, number, act, force=force)


def approve(number: int | None) -> Action:
    return lambda state: aliases.approve(state, number, ANN, needed=1)


def reject(number: int | None) -> Action:
    return lambda state: aliases.reject(state, number, ANN)


def rollback(state: ReleaseState) -> ReleaseUpdate:
    return aliases.rollback(state, ANN)


def settle(state: ReleaseState) -> ReleaseUpdate:
    return aliases.apply_gate_decision(state, 2, ANN)


ONE = standing(version(1))
CROWNED = standing(version(1), champion=1)
RETIRED = standing(version(1), retired=True)
MOVED_ON = standing(version(1), version(2, champion=1), champion=3)
NEWER_WAITS = standing(version(1, WAIT), version(2, WAIT), awaiting=2)

REFUSALS: list[tuple[str, ReleaseState, Action, type[ShopfloorError], str]] = [
    ("unknown", ONE, promote(9), NotFoundError, "version_not_found"),
    ("retired", RETIRED, promote(1), RefusedError, "retired"),
    ("retired by force", RETIRED, promote(1, WHY, force=True), RefusedError, "retired"),
    ("held", standing(version(1, HOLD)), promote(1), RefusedError, "gate_said_no"),
    ("rejected", standing(version(1, NO)), promote(1), RefusedError, "gate_said_no"),
    ("rejected by hand", standing(version(1, NO, checks=BY_HAND)), promote(1), RefusedError, "gate_said_no"),
    ("waits", standing(version(1, WAIT)), promote(1), RefusedError, "awaits_approval"),
    ("not evaluated", standing(version(1, None)), promote(1), RefusedError, "not_judged"),
    ("no reason", standing(version(1, HOLD)), promote(1, force=True), RefusedError, "reason_needed"),
    ("blank reason", ONE, promote(1, BLANK, force=True), RefusedError, "reason_needed"),
    ("nobody", ONE, promote(1, NOBODY), UsageError, "no_actor"),
    ("stale", MOVED_ON, promote(2), ConflictError, "champion_changed"),
    ("stale by gate", MOVED_ON, settle, ConflictError, "champion_changed"),
    ("no previous", CROWNED, rollback, RefusedError, "no_previous"),
    ("no champion", standing(), rollback, RefusedError, "no_previous"),
    ("nothing waits", ONE, approve(None), RefusedError, "nothing_awaits"),
    ("does not wait", ONE, approve(1), RefusedError, "not_awaiting"),
    ("superseded", NEWER_WAITS, approve(1), ConflictError, "superseded"),
    ("champion moved on", standing(version(2, WAIT, 1), champion=3), approve(2), ConflictError, "champion_changed"),
    ("retired waits", standing(version(1, WAIT), awaiting=1, retired=True), approve(1), RefusedError, "retired"),
    ("reject champion", CROWNED, reject(1), RefusedError, "is_champion"),
    ("reject nothing", ONE, reject(None), RefusedError, "nothing_awaits"),
]


@pytest.mark.parametrize(
    ("state", "action", "kind", "code"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS]
)
def test_refusals_say_what_and_what_to_do(
    state: ReleaseState, action: Action, kind: type[ShopfloorError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        action(state)
    assert caught.value.code == code
    assert caught.value.message
    assert caught.value.hint


def test_manual_policy_lets_a_person_promote_what_the_gate_held_for_them() -> None:
    state = standing(version(1), version(2, Outcome.HOLD, 1, checks=BY_HAND), champion=1)
    assert held(aliases.promote(state, 2, ANN))["champion"] == 2


def test_force_with_a_reason_overrules_the_gate() -> None:
    for outcome in (Outcome.REJECT, Outcome.HOLD, Outcome.AWAIT_APPROVAL, None):
        state = standing(version(1), version(2, outcome, 7), champion=1)
        moves = aliases.promote(state, 2, WHY, force=True)
        assert moves.changes[0].reason == "the audit asks for it"


def test_of_two_that_promote_at_once_one_is_told() -> None:
    state = standing(version(1), version(2, champion=1), version(3, champion=1), champion=1)
    after = applied(state, aliases.promote(state, 2, ANN))
    with pytest.raises(ConflictError, match="judged against v1, but the champion is now v2"):
        aliases.promote(after, 3, BOB)


REPEATED: list[tuple[str, ReleaseState, Action]] = [
    ("promote", CROWNED, promote(1)),
    ("promote with a reason", CROWNED, promote(1, WHY, force=True)),
    ("approve", standing(version(1, WAIT), version(2, WAIT), champion=1, awaiting=2), approve(1)),
    ("reject", standing(version(1, NO), version(2, WAIT), awaiting=2), reject(1)),
]


@pytest.mark.parametrize(("state", "action"), [one[1:] for one in REPEATED], ids=[one[0] for one in REPEATED])
def test_a_wish_that_is_fulfilled_changes_nothing(state: ReleaseState, action: Action) -> None:
    moves = action(state)
    assert moves.changes_nothing(state)
    assert applied(state, moves) == state


def test_an_approval_completes_what_needs_fewer_people_now() -> None:
    state = standing(version(1, WAIT, approvals=("ann",)), awaiting=1)
    assert held(aliases.approve(state, 1, ANN, needed=1)) == {"champion": 1}


def test_several_people_approve_once_each() -> None:
    state = standing(version(1), version(2, Outcome.AWAIT_APPROVAL, 1), champion=1, challenger=2, awaiting=2)
    first = aliases.approve(state, None, ANN, needed=2)
    assert first.changes == ()
    assert first.awaiting == 2
    assert first.version.approvals == ("ann",)
    state = applied(state, first)
    for again in ("ann", " Ann ", "ANN"):
        repeated = aliases.approve(state, 2, ReleaseAction(actor=again, now=START), needed=2)
        assert repeated.changes_nothing(state)
        assert applied(state, repeated) == state
    done = aliases.approve(state, 2, BOB, needed=2)
    assert held(done) == {"champion": 2, "previous": 1, "challenger": None}
    assert done.changes[0].reason == "approved by ann, bob"
    assert done.awaiting is None


def test_a_promotion_by_a_person_asks_the_others() -> None:
    state = standing(version(1), version(2, Outcome.REJECT, 1), champion=1)
    with pytest.raises(RefusedError, match="rejected"):
        aliases.promote(state, 2, ANN, needed=2)
    because = ReleaseAction(actor="ann", now=START, reason="season")
    asked = aliases.promote(state, 2, because, force=True, needed=2)
    assert (held(asked), asked.awaiting, asked.version.approvals) == ({"challenger": 2}, 2, ("ann",))
    assert asked.version.decision is not None
    assert asked.version.decision.outcome is Outcome.AWAIT_APPROVAL
    assert asked.version.decision.reason.startswith("ann asks for it: season. The gate decided reject")
    state = applied(state, asked)
    assert aliases.promote(state, 2, because, force=True, needed=2).changes_nothing(state)
    assert aliases.approve(state, 2, ANN, needed=2).changes_nothing(state)
    assert held(aliases.approve(state, 2, BOB, needed=2)) == {"champion": 2, "previous": 1, "challenger": None}
    assert (
        held(aliases.promote(state, 2, ReleaseAction(actor="bob", now=START, reason="yes"), force=True, needed=2))[
            "champion"
        ]
        == 2
    )


def test_who_may_not_approve_only_asks() -> None:
    asked = aliases.promote(standing(version(1)), 1, ANN, needed=2, approves=False)
    assert (asked.awaiting, asked.version.approvals) == (1, ())


def test_a_rejection_is_a_persons_decision() -> None:
    state = standing(version(1), version(2, Outcome.AWAIT_APPROVAL, 1), champion=1, challenger=2, awaiting=2)
    moves = aliases.reject(state, None, ReleaseAction(actor="bob", now=START + timedelta(days=1), reason="biased"))
    assert held(moves) == {"challenger": None}
    decision = moves.version.decision
    assert decision is not None
    assert (decision.outcome, decision.reason, decision.decided_by) == (Outcome.REJECT, "biased", "bob")
    assert decision.decided_at == START + timedelta(days=1)
    after = applied(state, moves)
    assert after.awaiting is None
    with pytest.raises(RefusedError):
        aliases.approve(after, 2, ANN, needed=1)


def test_a_held_challenger_can_be_rejected_while_another_waits() -> None:
    state = standing(
        version(1),
        version(2, Outcome.AWAIT_APPROVAL, 1),
        version(3, Outcome.HOLD, 1),
        champion=1,
        challenger=3,
        awaiting=2,
    )
    moves = aliases.reject(state, 3, ANN)
    assert held(moves) == {"challenger": None}
    assert moves.awaiting == 2


def test_rollbacks_go_back_and_never_forth() -> None:
    state = standing(*(version(number, champion=number - 1 or None) for number in range(1, 5)))
    for number in range(1, 4):
        state = applied(state, aliases.promote(state, number, ANN))
    assert (state.champion, state.previous) == (3, 2)
    state = applied(state, aliases.rollback(state, ANN))
    assert (state.champion, state.previous) == (2, 1)
    state = applied(state, aliases.rollback(state, ANN))
    assert (state.champion, state.previous) == (1, None)
    with pytest.raises(RefusedError):
        aliases.rollback(state, ANN)
    assert [change.version for change in state.history] == [1, 2, 3, 2, 1]


def test_rows_that_left_are_not_gone_back_to_nor_promoted_without_a_reason() -> None:
    state = standing(*(version(number, champion=number - 1 or None) for number in range(1, 4)))
    for number in range(1, 4):
        state = applied(state, aliases.promote(state, number, ANN))
    marked = tuple(msgspec.structs.replace(one, withdrawn=MARK) if one.version < 3 else one for one in state.versions)
    state = msgspec.structs.replace(state, versions=(state.versions[0], *marked[1:]))
    assert held(aliases.rollback(state, ANN)) == {"champion": 1, "previous": None}
    back = applied(state, aliases.rollback(state, ANN))
    with pytest.raises(RefusedError, match="800 rows that left") as refused:
        aliases.promote(back, 2, ANN)
    assert refused.value.code == "withdrawn_rows"
    assert held(aliases.promote(back, 2, WHY, force=True))["champion"] == 2
    with pytest.raises(RefusedError, match="learned from rows that have left"):
        aliases.rollback(msgspec.structs.replace(state, versions=marked), ANN)


def test_a_first_champion_that_was_undone_is_not_gone_back_to() -> None:
    state = standing(version(1), version(2))
    state = applied(state, aliases.promote(state, 1, ANN))
    undone = AliasChange(model="late", alias="champion", version=None, previous=1, cause=UNDO, at=START)
    state = msgspec.structs.replace(state, champion=None, history=(*state.history, undone))
    state = applied(state, aliases.promote(state, 2, WHY, force=True))
    assert (state.champion, state.previous) == (2, None)
    assert aliases.name_previous(state, ANN) == ()
    with pytest.raises(RefusedError, match="no champion before"):
        aliases.rollback(state, ANN)


def test_a_rollback_without_history_still_finds_the_previous() -> None:
    moves = aliases.rollback(standing(version(1), version(2), champion=2, previous=1), ANN)
    assert held(moves) == {"champion": 1, "previous": None}


def test_hostile_names_are_shown_safely() -> None:
    with pytest.raises(NotFoundError) as caught:
        aliases.promote(ReleaseState(model="\x1b[2J"), 1, ANN)
    assert "\x1b" not in str(caught.value)


class Release(RuleBasedStateMachine):
    """Anybody does anything in any order; the aliases stay sound and the history linear."""

    @initialize(needed=st.integers(1, 3))
    def begin(self, needed: int) -> None:
        self.state = standing()
        self.needed = needed
        self.stack: list[int] = []
        self.clock = 0
        self.log: list[Any] = []

    def act(self, actor: str = "ann", reason: str = "") -> ReleaseAction:
        self.clock += 1
        return ReleaseAction(actor=actor, now=START + timedelta(seconds=self.clock), reason=reason)

    def take(self, moves: ReleaseUpdate) -> None:
        self.log += moves.changes
        self.state = applied(self.state, moves)

    def expect_champion(self, number: int) -> None:
        assert self.state.champion == number
        self.stack.append(number)

    @rule(outcome=st.sampled_from(list(Outcome)))
    def train(self, outcome: Outcome) -> None:
        number = len(self.state.versions) + 1
        new = version(number, outcome, self.state.champion)
        self.state = msgspec.structs.replace(self.state, versions=(*self.state.versions, new))
        self.take(aliases.apply_gate_decision(self.state, number, self.act("gate")))
        if outcome is Outcome.PROMOTE:
            self.expect_champion(number)
        elif outcome is Outcome.AWAIT_APPROVAL:
            assert self.state.awaiting == number

    @precondition(lambda self: self.state.versions)
    @rule(data=st.data(), force=st.booleans())
    def promote(self, data: st.DataObject, force: bool) -> None:
        number = data.draw(st.integers(1, len(self.state.versions) + 1))
        person = data.draw(st.sampled_from(["ann", "bob"]))
        try:
            moves = aliases.promote(
                self.state, number, self.act(person, reason="because"), force=force, needed=self.needed
            )
        except (RefusedError, NotFoundError):
            return
        self.take(moves)
        agreed = self.needed == 1 or len(moves.version.approvals) >= self.needed
        if self.stack[-1:] != [number] and agreed:
            self.expect_champion(number)
        elif self.needed > 1 and self.stack[-1:] != [number]:
            assert self.state.awaiting == number

    @rule(person=st.sampled_from(["ann", "bob", "eve", "Ann"]))
    def approve(self, person: str) -> None:
        waiting = self.state.awaiting
        try:
            moves = aliases.approve(self.state, None, self.act(person), needed=self.needed)
        except RefusedError:
            return
        self.take(moves)
        assert waiting is not None
        assert len({name.casefold() for name in moves.version.approvals}) == len(moves.version.approvals)
        if len(moves.version.approvals) >= self.needed:
            self.expect_champion(waiting)

    @rule()
    def reject(self) -> None:
        champion, waiting = self.state.champion, self.state.awaiting
        try:
            self.take(aliases.reject(self.state, None, self.act()))
        except RefusedError:
            return
        assert self.state.champion == champion
        assert self.state.challenger != waiting
        assert self.state.awaiting is None

    @precondition(lambda self: self.state.versions)
    @rule(data=st.data())
    def rows_leave_or_come_back(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, len(self.state.versions)))
        versions = tuple(
            msgspec.structs.replace(one, withdrawn=MARK if one.withdrawn is None else None)
            if one.version == number
            else one
            for one in self.state.versions
        )
        self.state = msgspec.structs.replace(self.state, versions=versions)
        for change in aliases.name_previous(self.state, self.act("gate")):
            self.log += (change,)
            self.state = msgspec.structs.replace(self.state, previous=change.version)

    def before(self) -> int | None:
        """The newest champion before the present one of which no row has left."""
        sound = [number for number in self.stack[:-1] if self.state.version(number).withdrawn is None]
        return next((number for number in reversed(sound) if number != self.state.champion), None)

    @rule()
    def rollback(self) -> None:
        previous = self.before()
        try:
            self.take(aliases.rollback(self.state, self.act()))
        except RefusedError:
            assert previous is None
            return
        assert self.state.champion == previous
        self.stack.pop()
        while self.stack[-1] != previous:
            self.stack.pop()

    @invariant()
    def the_model_of_the_stack_agrees(self) -> None:
        assert self.state.champion == (self.stack[-1] if self.stack else None)
        assert self.state.previous == self.before()

    @invariant()
    def aliases_differ(self) -> None:
        assert self.state.challenger is None or self.state.challenger != self.state.champion
        assert self.state.previous is None or self.state.previous != self.state.champion

    @invariant()
    def a_champion_never_vanishes(self) -> None:
        moves = [change for change in self.log if change.alias == "champion"]
        assert all(change.version is not None for change in moves)
        assert (self.state.champion is None) == (not moves)

    @invariant()
    def the_history_is_a_chain(self) -> None:
        last: dict[str, int | None] = {}
        for change in self.log:
            assert change.previous == last.get(change.alias)
            assert change.version != change.previous
            last[change.alias] = change.version
        assert [change.at for change in self.log] == sorted(change.at for change in self.log)

    @invariant()
    def whoever_waits_was_judged_against_the_champion(self) -> None:
        if self.state.awaiting is not None:
            decision = self.state.version(self.state.awaiting).decision
            assert decision is not None
            assert decision.outcome is Outcome.AWAIT_APPROVAL
            assert decision.champion == self.state.champion


TestRelease = Release.TestCase
TestRelease.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
