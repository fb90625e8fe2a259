"""Decisions where the data that a version learned from is in doubt, or has left."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from shopfloor.domain.definition import ReleasePolicy
from shopfloor.domain.release import AliasChange, Decision, GateCheck, ModelVersion, Outcome, WithdrawnRows
from shopfloor.domain.run import ArtifactRef
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.release.data_trust import with_data_trust
from shopfloor.release.withdrawn_rows import is_released_again, over_withdrawn

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DOUBT = DeliveryTrust(dataset="d", version=2, trust=Trust.UNKNOWN, decided_at=NOW)
LEFT = WithdrawnRows(dataset_version=3, cause="without f2, withdrawn by ada", files={"f2": 800})


def decided(outcome: Outcome, *, sound: bool | None = True) -> Decision:
    return Decision(outcome=outcome, reason="good", checks=(GateCheck(code="dummy", passed=sound),))


def version(number: int, decision: Decision | None = None, withdrawn: WithdrawnRows | None = None) -> ModelVersion:
    return ModelVersion(
        model="m", version=number, run="r1", dataset_version=1, artifact=ArtifactRef(sha256="a", bytes=1),
        decision=decision, withdrawn=withdrawn, created_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", Outcome)
def test_nothing_that_learned_from_data_in_doubt_is_promoted_by_itself(outcome: Outcome) -> None:
    found = with_data_trust(decided(outcome), [DOUBT])
    assert found.outcome is (Outcome.AWAIT_APPROVAL if outcome is Outcome.PROMOTE else outcome)
    check = found.checks[-1]
    assert (check.code, check.passed, check.value, check.limit) == ("data_trust", False, 1.0, 0.0)
    assert "d@2 is unknown (its checks have not ended, or failed)" in check.detail
    clean = with_data_trust(found, [])
    assert [one.passed for one in clean.checks if one.code == "data_trust"] == [True]


@pytest.mark.parametrize(
    ("before", "policy", "sound", "after"),
    [
        (Outcome.HOLD, ReleasePolicy.AUTO, True, Outcome.PROMOTE),
        (Outcome.HOLD, ReleasePolicy.APPROVAL, True, Outcome.AWAIT_APPROVAL),
        (Outcome.HOLD, ReleasePolicy.MANUAL, True, Outcome.HOLD),
        (Outcome.HOLD, ReleasePolicy.AUTO, None, Outcome.HOLD),
        (Outcome.REJECT, ReleasePolicy.AUTO, True, Outcome.REJECT),
    ],
)
def test_a_champion_that_learned_from_rows_that_left_is_no_bar(
    before: Outcome, policy: ReleasePolicy, sound: bool | None, after: Outcome
) -> None:
    decision = decided(before, sound=sound)
    found = over_withdrawn(decision, version(2, withdrawn=LEFT), policy)
    assert found.outcome is after
    assert ("800 rows that left the dataset" in found.reason) == (before is not after)
    assert over_withdrawn(decision, version(2), policy) == decision
    assert over_withdrawn(decision, None, policy) == decision


@pytest.mark.parametrize("policy", ReleasePolicy)
@pytest.mark.parametrize("code", ["leak", "inputs"])
def test_a_champion_that_is_no_bar_spares_no_person_their_word(policy: ReleasePolicy, code: str) -> None:
    held = decided(Outcome.HOLD)
    asked = msgspec.structs.replace(held, checks=(*held.checks, GateCheck(code=code, passed=None)))
    found = over_withdrawn(asked, version(2, withdrawn=LEFT), policy)
    assert found.outcome is (Outcome.HOLD if policy is ReleasePolicy.MANUAL else Outcome.AWAIT_APPROVAL)


@pytest.mark.parametrize(
    ("cause", "actor", "again"),
    [("rollback", "ada", False), ("undo", "ada", False), ("rollback", "gate", True), ("r3", "ada", True)],
)
def test_what_a_person_went_back_from_stays_where_it_is(cause: str, actor: str, again: bool) -> None:
    waited = version(2, with_data_trust(decided(Outcome.PROMOTE), [DOUBT]))
    moves = [(2, 1, "ada", "promoted"), (1, 2, actor, cause)]
    history = [
        AliasChange(model="m", alias="champion", version=new, previous=old, actor=who, cause=why, at=NOW)
        for new, old, who, why in moves
    ]
    assert is_released_again(waited, version(1), decided(Outcome.PROMOTE), history) is again


def test_the_same_artifact_is_judged_again_only_when_what_it_waited_for_is_over() -> None:
    clean, marked = version(2), version(2, withdrawn=LEFT)
    waited = version(1, with_data_trust(decided(Outcome.PROMOTE), [DOUBT]))
    good, bad = decided(Outcome.PROMOTE), decided(Outcome.REJECT)
    assert is_released_again(waited, clean, good)
    assert is_released_again(version(1, good), marked, good)
    assert not is_released_again(version(1, good), clean, good)
    assert not is_released_again(version(1, bad), marked, good)
    assert not is_released_again(marked, marked, good)
    leak = msgspec.structs.replace(decided(Outcome.AWAIT_APPROVAL), checks=(GateCheck(code="leak", passed=False),))
    assert is_released_again(version(1, leak), clean, good)
    assert not is_released_again(version(1, leak), clean, leak)
