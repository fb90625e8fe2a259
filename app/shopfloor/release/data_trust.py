"""Whether the data that a version learned from may be relied on: what is in doubt waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from shopfloor.domain.release import Decision, GateCheck, Outcome
from shopfloor.domain.text import first_of, safe
from shopfloor.domain.trust import DeliveryTrust

DATA_TRUST = "data_trust"
_NAMED = 3


def with_data_trust(decision: Decision, doubts: Sequence[DeliveryTrust]) -> Decision:
    """The decision with the check `data_trust`: no version that learned from a delivery in doubt is promoted by itself.

    `value` is how many deliveries are in doubt, `limit` how many may be. What is rejected or held anyway stays so.
    """
    check = _check(doubts)
    decision = replace(decision, checks=(*(one for one in decision.checks if one.code != DATA_TRUST), check))
    if check.passed or decision.outcome not in (Outcome.PROMOTE, Outcome.AWAIT_APPROVAL):
        return decision
    return replace(decision, outcome=Outcome.AWAIT_APPROVAL, reason=f"{decision.reason}; {check.detail}")


def is_in_doubt(decision: Decision | None) -> bool:
    """Whether the data was what the decision waited for."""
    checks = decision.checks if decision is not None else ()
    return any(one.code == DATA_TRUST and one.passed is False for one in checks)


def _check(doubts: Sequence[DeliveryTrust]) -> GateCheck:
    named = first_of([f"{one.ref} is {one.trust} ({safe(one.why, 200)})" for one in doubts], _NAMED, between="; ")
    clean = "no delivery that it learned from is in doubt"
    return GateCheck(
        code=DATA_TRUST,
        passed=not doubts,
        value=float(len(doubts)),
        limit=0.0,
        detail=f"it learned from data in doubt: {named}" if doubts else clean,
    )
