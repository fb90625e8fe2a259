"""Four eyes: how many people a release needs, and that the same number must agree before it needs fewer.

The definition's file says what is wanted. What holds is in the store, so that an edit of the file alone lowers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.release import HeldRule, Lowering, ModelVersion, PendingApproval, ReleaseRule
from shopfloor.domain.text import counted, safe
from shopfloor.store import models, release_rules
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

FOUR_EYES = 2


def wanted_rule(definition: ModelDefinition) -> ReleaseRule:
    """The rule as the definition's file says it."""
    return ReleaseRule(policy=definition.release.policy, approvals=definition.release.approvals)


def in_force(query: Query, definition: ModelDefinition) -> ModelDefinition:
    """The definition with the rule that holds."""
    return with_rule(definition, release_rules.get(query, definition.name))


def with_rule(definition: ModelDefinition, held: HeldRule | None) -> ModelDefinition:
    """The definition as `held` lets it be: a weaker rule than that waits for its approvals."""
    if held is None or not wanted_rule(definition).is_weaker_than(held.rule):
        return definition
    release = msgspec.structs.replace(
        definition.release, policy=held.rule.policy, approvals=max(held.rule.approvals, definition.release.approvals)
    )
    return msgspec.structs.replace(definition, release=release)


def is_noted(held: HeldRule | None, definition: ModelDefinition, *, team: bool) -> bool:
    """Whether `note` has nothing to do."""
    wanted = wanted_rule(definition)
    if held is None:
        return not team or wanted.approvals < FOUR_EYES
    if wanted.is_weaker_than(held.rule):
        return held.lowering is not None and held.lowering.wanted == wanted
    return held.lowering is None and held.rule == wanted


def note(transaction: Transaction, definition: ModelDefinition, *, actor: str, team: bool) -> None:
    """Let a stronger rule hold at once, and a weaker one wait for as many approvals as held before.

    Without a team nobody else could approve, so that nothing new is held. `actor` is empty for an edit by hand.
    """
    held, wanted = release_rules.get(transaction, definition.name), wanted_rule(definition)
    if is_noted(held, definition, team=team):
        return
    if held is None or not wanted.is_weaker_than(held.rule):
        release_rules.put(transaction, HeldRule(model=definition.name, rule=wanted))
        message = f"Releases of {definition.name}: {wanted}"
        transaction.emit("release.rule_set", definition.name, message, data={"approvals": wanted.approvals})
        return
    lowering = Lowering(wanted=wanted, held=held.rule, asked_by=actor, asked_at=transaction.now)
    release_rules.put(transaction, msgspec.structs.replace(held, lowering=lowering))
    transaction.emit(
        "release.lowering_requested",
        definition.name,
        f"Releases of {definition.name} would need less: {lowering}. "
        f"{counted(held.rule.approvals, 'person', 'people')} must approve that",
        actor=actor or "engine",
        data=msgspec.to_builtins(lowering),
    )


def approve_lowering(transaction: Transaction, model: str, actor: str) -> HeldRule:
    """One person's approval of the weaker rule; with as many as the old rule asks for, it holds.

    Raises `RefusedError` where nothing waits. A second approval of the same person changes nothing.
    """
    held = waiting_lowering(transaction, model)
    assert held.lowering is not None
    if actor in held.lowering.approvals:
        return held
    lowering = msgspec.structs.replace(held.lowering, approvals=(*held.lowering.approvals, actor))
    agreed = len(lowering.approvals) >= held.rule.approvals
    now = HeldRule(model=model, rule=lowering.wanted) if agreed else msgspec.structs.replace(held, lowering=lowering)
    release_rules.put(transaction, now)
    done = f"approved by {', '.join(lowering.approvals)}"
    transaction.emit(
        "release.rule_lowered" if agreed else "release.lowering_approved",
        model,
        f"Releases of {model}: {lowering}, {done}"
        + ("" if agreed else f", {held.rule.approvals - len(lowering.approvals)} missing"),
        actor=actor,
        data=msgspec.to_builtins(lowering),
    )
    return now


def waiting_lowering(query: Query, model: str) -> HeldRule:
    """The rule of which a weaker one waits; raises `RefusedError` where none does."""
    held = release_rules.get(query, model)
    if held is None or held.lowering is None:
        raise RefusedError(
            f"No weaker release rule of {safe(model, 64)} awaits approval.",
            hint="One waits when release.approvals in its definition is lowered from 2 or more.",
            code="nothing_awaits",
        )
    return held


def pending(
    query: Query, definition: ModelDefinition, state: models.ModelState, held: Mapping[str, HeldRule]
) -> tuple[PendingApproval, ...]:
    """What of a model waits for people: a version, a weaker rule."""
    rule = held.get(definition.name)
    found = []
    if state.awaiting is not None and not definition.retired:
        needed = with_rule(definition, rule).release.approvals
        found.append(_version(models.version(query, definition.name, state.awaiting), needed))
    if rule is not None and rule.lowering is not None:
        found.append(_lowering(rule, rule.lowering))
    return tuple(found)


def _version(version: ModelVersion, needed: int) -> PendingApproval:
    decision = version.decision
    return PendingApproval(
        model=version.model,
        version=version.version,
        what=decision.reason if decision else "",
        asked_by=decision.decided_by if decision else "",
        asked_at=(decision.decided_at if decision else None) or version.created_at,
        needed=needed,
        approved_by=version.approvals,
        missing=max(0, needed - len(version.approvals)),
    )


def _lowering(held: HeldRule, lowering: Lowering) -> PendingApproval:
    return PendingApproval(
        model=held.model,
        what=str(lowering),
        asked_by=lowering.asked_by or "an edit of the file",
        asked_at=lowering.asked_at,
        needed=held.rule.approvals,
        approved_by=lowering.approvals,
        missing=max(0, held.rule.approvals - len(lowering.approvals)),
    )
