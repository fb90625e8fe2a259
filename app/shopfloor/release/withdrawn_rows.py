"""Releases around a champion that learned from rows which have left the dataset."""

from __future__ import annotations

from msgspec.structs import replace

from shopfloor.domain.definition import ModelDefinition, ReleasePolicy
from shopfloor.domain.release import Decision, ModelVersion, Outcome
from shopfloor.domain.text import counted
from shopfloor.release import aliases as rules
from shopfloor.release import releasing
from shopfloor.release.data_trust import is_in_doubt
from shopfloor.store import models
from shopfloor.store.transaction import Transaction


def over_withdrawn(decision: Decision, champion: ModelVersion | None, policy: ReleasePolicy) -> Decision:
    """A champion that learned from withdrawn rows is no bar for what learned without them.

    What is held only because it is not clearly better goes on as the policy says, if it beats a constant.
    """
    mark = champion.withdrawn if champion is not None else None
    sound = any(check.code == "dummy" and check.passed for check in decision.checks)
    if champion is None or mark is None or not sound or decision.outcome is not Outcome.HOLD:
        return decision
    outcome = {ReleasePolicy.AUTO: Outcome.PROMOTE, ReleasePolicy.APPROVAL: Outcome.AWAIT_APPROVAL}.get(policy)
    if outcome is None:
        return decision
    learned = f"champion v{champion.version} learned from {counted(mark.rows, 'row')} that left the dataset"
    return replace(decision, outcome=outcome, reason=f"{learned}; {decision.reason}")


def held_without(decision: Decision, rows: int) -> Decision:
    """What learned from `rows` rows that left while it was trained is not released."""
    if decision.outcome is Outcome.REJECT:
        return decision
    reason = f"it learned from {counted(rows, 'row')} that left the dataset while it was trained; {decision.reason}"
    return replace(decision, outcome=Outcome.HOLD, reason=reason)


def is_released_again(known: ModelVersion, champion: ModelVersion | None, decision: Decision) -> bool:
    """Whether a version that a training made once more is to be decided anew.

    Only where what it waited for is over: its data was in doubt, the champion learned from rows that are withdrawn, or
    somebody vouches now, as the new `decision` knows, for an input that seemed to hold the answer. What a person
    rejected, or went back from, stays where it is.
    """
    if champion is not None and champion.version == known.version:
        return False
    rejected = known.decision is not None and known.decision.outcome is Outcome.REJECT
    withdrawn = champion is not None and champion.withdrawn is not None
    vouched = _leaks(known.decision) and not _leaks(decision)
    return not rejected and (is_in_doubt(known.decision) or withdrawn or vouched)


def _leaks(decision: Decision | None) -> bool:
    checks = () if decision is None else decision.checks
    return any(one.code == "leak" and one.blocking and one.passed is False for one in checks)


def release_again(
    transaction: Transaction, definition: ModelDefinition, known: ModelVersion, decision: Decision, cause: str
) -> None:
    """Decide anew about a version that a training made once more; the champion before is gone back to.

    Who approved it before did so on other evidence.
    """
    version = replace(known, decision=decision, approvals=())
    models.put_version(transaction, version)
    state = releasing.release_state(transaction, definition)
    if decision.outcome is not Outcome.PROMOTE or state.previous != known.version:
        releasing.apply_decision(transaction, definition, version, cause)
        return
    action = rules.ReleaseAction(actor="gate", now=transaction.now, reason=decision.reason, cause=cause)
    releasing.carry_out(transaction, definition, rules.rollback(state, action))
    transaction.emit(
        "release.rolled",
        known.model,
        f"{known.model}@{known.version}: {decision.reason}",
        actor="gate",
        data={"version": known.version, "run": cause, "outcome": decision.outcome.value},
    )
