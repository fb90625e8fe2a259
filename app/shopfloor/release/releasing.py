"""Carrying out what the gate or a person decided: aliases and approvals. The rules meet the store here."""

from __future__ import annotations

import msgspec

from shopfloor.domain.definition import ModelDefinition, ReleasePolicy
from shopfloor.domain.errors import ConflictError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.release import GATE, ROLLBACK, Decision, ModelVersion, Outcome
from shopfloor.release import aliases as rules
from shopfloor.release import four_eyes
from shopfloor.store import models, thresholds
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_MANY = 100_000


def release_state(query: Query, definition: ModelDefinition) -> rules.ReleaseState:
    """A model's release state as the rules want it."""
    return release_state_of(query, definition.name, retired=definition.retired)


def release_state_of(query: Query, model: str, *, retired: bool = False) -> rules.ReleaseState:
    """The same of a model whose definition may be gone."""
    held = models.aliases(query, model)
    update = [change for change in models.history(query, model).rows if change.alias == "champion"]
    return rules.ReleaseState(
        model=model,
        retired=retired,
        champion=held.get("champion"),
        challenger=held.get("challenger"),
        previous=held.get("previous"),
        awaiting=models.state(query, model).awaiting,
        versions=models.versions(query, model, _MANY, 0).rows,
        history=tuple(reversed(update)),
    )


def carry_out(transaction: Transaction, definition: ModelDefinition, update: rules.ReleaseUpdate) -> ModelVersion:
    """Write what an action changes: alias moves with their history, the version, who waits.

    A version is released with the definition's threshold of this moment; one that comes back keeps its own.
    """
    for change in update.changes:
        models.move_alias(transaction, change)
        if change.alias == "champion" and change.version is not None and change.cause != ROLLBACK:
            threshold = definition.value.threshold if definition.value is not None else None
            if threshold != thresholds.of_version(transaction, change.model, change.version):
                thresholds.put(transaction, change.model, change.version, threshold)
    models.put_version(transaction, update.version)
    state = models.state(transaction, update.version.model)
    decision = update.version.decision
    if any(
        change.alias == "champion" and (decision is None or change.previous != decision.refreshes)
        for change in update.changes
    ):
        state = models.unmeasured(state)  # else it is the same recipe, and what was measured of it holds
    models.put_state(transaction, msgspec.structs.replace(state, awaiting=update.awaiting))
    return models.version(transaction, update.version.model, update.version.version)


def earlier_tests(query: Query, model: str, champion: ArtifactFile | None) -> tuple[int, ...]:
    """The dataset versions of the challengers that were tested against this champion's recipe (or, before it, a
    constant), ascending.

    A version of the champion's own recipe takes its place without a test, and what was spent stays spent. A decision
    without an interval saw too few rows to test anything.
    """
    made = {one.version: one.decision for one in models.versions(query, model, _MANY, 0).rows}
    number = champion.version if champion is not None else None
    alike = {number}
    while number is not None and (decision := made.get(number)) is not None:
        number = decision.refreshes
        if number is None or number in alike:
            break
        alike.add(number)
    return tuple(
        sorted(
            version.dataset_version
            for version in models.versions(query, model, _MANY, 0).rows
            if version.dataset_version is not None
            and version.decision is not None
            and version.decision.champion in alike
            and (version.decision.interval is not None or version.decision.tested)
        )
    )


def apply_decision(transaction: Transaction, definition: ModelDefinition, version: ModelVersion, cause: str) -> None:
    """What the gate decided about a new version becomes true in its own transaction."""
    decision = version.decision
    assert decision is not None
    policy = four_eyes.in_force(transaction, definition).release.policy
    # The rule may have become stronger while it was trained.
    if decision.outcome is Outcome.PROMOTE and policy is not ReleasePolicy.AUTO:
        version = _with_outcome(version, decision, Outcome.AWAIT_APPROVAL, decision.reason)
        models.put_version(transaction, version)
    try:
        update = rules.apply_gate_decision(
            release_state(transaction, definition),
            version.version,
            rules.ReleaseAction(actor=GATE, now=transaction.now, reason=decision.reason, cause=cause),
        )
    except ConflictError as conflict:
        # Somebody moved the champion while the challenger was trained: the evidence is about another.
        version = _with_outcome(version, decision, Outcome.HOLD, conflict.message)
        update = rules.ReleaseUpdate(
            changes=(), version=version, awaiting=models.state(transaction, version.model).awaiting
        )
    made = update.version.decision
    assert made is not None
    transaction.emit(
        f"release.{made.outcome.value}",
        version.model,
        f"{version.model}@{version.version}: {made.reason}",
        actor=GATE,
        data={"version": version.version, "run": version.run, "outcome": made.outcome.value},
    )
    carry_out(transaction, definition, update)


def _with_outcome(version: ModelVersion, decision: Decision, outcome: Outcome, reason: str) -> ModelVersion:
    changed = msgspec.structs.replace(decision, outcome=outcome, reason=reason)
    return msgspec.structs.replace(version, decision=changed)
