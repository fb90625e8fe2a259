"""Releases around a champion that learned from rows which have left the dataset."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from shopfloor.domain.definition import ModelDefinition, ReleasePolicy
from shopfloor.domain.release import GATE, ROLLBACK, UNDO, AliasChange, Decision, ModelVersion, Outcome
from shopfloor.domain.text import counted
from shopfloor.release import aliases as rules
from shopfloor.release import releasing
from shopfloor.release.data_trust import is_in_doubt
from shopfloor.store import models
from shopfloor.store.transaction import Transaction


def over_withdrawn(decision: Decision, champion: ModelVersion | None, policy: ReleasePolicy) -> Decision:
    """A champion that learned from withdrawn rows is no bar for what learned without them.

    What is held only because it is not clearly better goes on as the policy says, if it beats a constant; to a person
    where it needs one's word.
    """
    mark = champion.withdrawn if champion is not None else None
    sound = any(check.code == "dummy" and check.passed for check in decision.checks)
    held = decision.outcome is Outcome.HOLD and policy is not ReleasePolicy.MANUAL
    refreshed = decision.refreshes is not None and decision.outcome not in (Outcome.HOLD, Outcome.REJECT)
    if champion is None or mark is None or not sound or not (held or refreshed):
        return decision
    by_itself = policy is ReleasePolicy.AUTO and not any(check.needs_word for check in decision.checks)
    released = Outcome.PROMOTE if by_itself else Outcome.AWAIT_APPROVAL
    outcome = released if held else decision.outcome
    learned = f"champion v{champion.version} learned from {counted(mark.rows, 'row')} that left the dataset"
    return replace(decision, outcome=outcome, reason=f"{learned}; {decision.reason}")


def held_without(decision: Decision, rows: int) -> Decision:
    """What learned from `rows` rows that left while it was trained is not released."""
    if decision.outcome is Outcome.REJECT:
        return decision
    reason = f"it learned from {counted(rows, 'row')} that left the dataset while it was trained; {decision.reason}"
    return replace(decision, outcome=Outcome.HOLD, reason=reason)


def is_released_again(
    known: ModelVersion, champion: ModelVersion | None, decision: Decision, history: Sequence[AliasChange] = ()
) -> bool:
    """Whether a version that a training made once more is to be decided anew.

    Only where what it waited for is over: its data was in doubt, the champion learned from rows that are withdrawn, or
    somebody vouches now, as the new `decision` knows, for an input that seemed to hold the answer. What a person
    rejected, or went back from, stays where it is; `history` are the changes of the champion alias, oldest first.
    """
    if champion is not None and champion.version == known.version:
        return False
    rejected = known.decision is not None and known.decision.outcome is Outcome.REJECT
    withdrawn = champion is not None and champion.withdrawn is not None
    vouched = _leaks(known.decision) and not _leaks(decision)
    given_up = rejected or _went_back_from(history, known.version)
    return not given_up and (is_in_doubt(known.decision) or withdrawn or vouched)


def _leaks(decision: Decision | None) -> bool:
    return decision is not None and any(one.code == "leak" and one.needs_word for one in decision.checks)


def _went_back_from(history: Sequence[AliasChange], number: int) -> bool:
    """Whether it was a person that ended the version's last time in charge, and not by another release."""
    left = next((change for change in reversed(history) if change.previous == number), None)
    return left is not None and left.cause in (ROLLBACK, UNDO) and left.actor != GATE


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
    action = rules.ReleaseAction(actor=GATE, now=transaction.now, reason=decision.reason, cause=cause)
    releasing.carry_out(transaction, definition, rules.rollback(state, action))
    transaction.emit(
        "release.rolled",
        known.model,
        f"{known.model}@{known.version}: {decision.reason}",
        actor=GATE,
        data={"version": known.version, "run": cause, "outcome": decision.outcome.value},
    )
