"""Release by people: promote, approve, reject, roll back. The rules are the release station's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import NotFoundError, RefusedError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.names import parse_version, split_ref
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import (
    ModelApprove,
    ModelApproveLowering,
    ModelPromote,
    ModelReject,
    ModelRejectLowering,
    ModelRollback,
)
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.right import Right
from shopfloor.domain.text import safe
from shopfloor.engine.api.models import note_rule, record_of, resolve, save
from shopfloor.engine.rights import may
from shopfloor.engine.services import EngineServices
from shopfloor.release import aliases as rules
from shopfloor.release import four_eyes, releasing
from shopfloor.runtime import damage
from shopfloor.runtime.line import ChampionChanged
from shopfloor.serving.deploy import deploy
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

Step = Callable[[Query, rules.ReleaseState, rules.ReleaseAction], rules.ReleaseUpdate]


def promote(services: EngineServices, request: ModelPromote) -> ModelVersion:
    """A person makes a version champion; against the gate only with a reason."""
    definition = services.context.definition(split_ref(request.ref)[0])

    def step(query: Query, state: rules.ReleaseState, action: rules.ReleaseAction) -> rules.ReleaseUpdate:
        version = resolve(query, request.ref, "challenger")
        return rules.promote(
            state,
            version.version,
            action,
            force=bool(request.reason.strip()),
            needed=_needed(query, definition),
            approves=may(services.peer, Right.APPROVE, services.context.settings.team),
        )

    return _do(services, definition, request, request.reason, step, "promoted")


def approve(services: EngineServices, request: ModelApprove) -> ModelVersion:
    """One more approval; the last one needed promotes."""
    definition = services.context.definition(split_ref(request.ref)[0])
    return _do(
        services,
        definition,
        request,
        request.reason,
        lambda query, state, action: rules.approve(
            state, _number(request.ref), action, needed=_needed(query, definition)
        ),
        "approved",
    )


def approve_lowering(services: EngineServices, request: ModelApproveLowering) -> ModelRecord:
    """One more approval of a weaker release rule; the last one needed lets it hold."""
    definition = services.context.definition(request.name)

    def change(transaction: Transaction) -> ModelRecord:
        note_rule(services, transaction, definition, "")
        four_eyes.approve_lowering(transaction, definition.name, request.actor)
        return record_of(transaction, definition)

    return services.mutate(request, change)


def reject_lowering(services: EngineServices, request: ModelRejectLowering) -> ModelRecord:
    """The rule in force is written into the definition again."""
    definition = services.context.definition(request.name)

    def change(transaction: Transaction) -> ModelRecord:
        note_rule(services, transaction, definition, "")
        held = four_eyes.waiting_lowering(transaction, definition.name)
        restored = four_eyes.with_rule(definition, held)
        save(services, transaction, restored)
        transaction.emit(
            "release.lowering_rejected",
            definition.name,
            f"Releases of {definition.name} stay as they were ({held.rule}), {request.actor} decided",
            actor=request.actor,
            data={"reason": safe(request.reason, 500)},
        )
        note_rule(services, transaction, restored, request.actor)
        return record_of(transaction, restored)

    return services.mutate(request, change)


def reject(services: EngineServices, request: ModelReject) -> ModelVersion:
    """The waiting version does not become champion."""
    definition = services.context.definition(split_ref(request.ref)[0])
    return _do(
        services,
        definition,
        request,
        request.reason,
        lambda query, state, action: rules.reject(state, _number(request.ref), action),
        "rejected",
    )


def rollback(services: EngineServices, request: ModelRollback) -> ModelVersion:
    """The champion before comes back."""
    definition = services.context.definition(request.name)
    return _do(
        services,
        definition,
        request,
        request.reason,
        lambda query, state, action: rules.rollback(state, action),
        "rolled back to",
    )


def _check_artifact(services: EngineServices, update: rules.ReleaseUpdate) -> None:
    """No alias moves to what could not serve. Outside the transaction, because all of it is read."""
    version = update.version
    if any(change.version == version.version for change in update.changes):
        damage.refuse_damaged(services.context, version.model, version.version, version.artifact.sha256)


def _needed(query: Query, definition: ModelDefinition) -> int:
    """How many people must agree, by the rule in force."""
    return four_eyes.in_force(query, definition).release.approvals


def _number(ref: str) -> int | None:
    _, word = split_ref(ref)
    if word == "challenger":
        return None
    return parse_version(word, ref) if word else None


def _do(
    services: EngineServices,
    definition: ModelDefinition,
    request: Mutation[ModelVersion],
    reason: str,
    step: Step,
    verb: str,
) -> ModelVersion:
    if not request.actor.strip():
        raise RefusedError(
            "A release needs an actor.", hint="Pass the name of the person who decides.", code="no_actor"
        )

    def planned(query: Query, now: datetime) -> tuple[rules.ReleaseState, rules.ReleaseUpdate]:
        action = rules.ReleaseAction(actor=request.actor, now=now, reason=safe(reason, 500), cause="person")
        state = releasing.release_state(query, definition)
        return state, step(query, state, action)

    def change(transaction: Transaction) -> ModelVersion:
        state, update = planned(transaction, transaction.now)
        if update.changes_nothing(state):
            return update.version
        version = releasing.carry_out(transaction, definition, update)
        reach("release.moved")
        _tell(services, transaction, definition, version, request.actor, reason, verb)
        return version

    update: rules.ReleaseUpdate | None = None
    with suppress(NotFoundError, RefusedError):  # said below, unless the request is a repeated one
        _, update = services.context.store.read(lambda query: planned(query, services.context.clock.now()))
    if update is not None:
        _check_artifact(services, update)
    version = services.mutate(request, change)
    reach("release.committed")
    deploy(services.context, definition.name)
    return version


def _tell(
    services: EngineServices,
    transaction: Transaction,
    definition: ModelDefinition,
    version: ModelVersion,
    actor: str,
    reason: str,
    verb: str,
) -> None:
    """The event of a release, and what follows from a new champion."""
    serves = "champion" in version.aliases
    done = "requested" if verb == "promoted" and not serves else verb
    suffix = f": {safe(reason, 300)}" if reason else ""
    transaction.emit(
        f"release.{done.split()[0]}",
        definition.name,
        f"{definition.name}@{version.version} {done} by {actor}{suffix}",
        actor=actor,
        data={
            "version": version.version,
            "reason": safe(reason, 500),
            "approved_by": list(version.approvals),
            "needed": _needed(transaction, definition),
        },
    )
    if serves:
        trigger = f"{definition.name}@{version.version} {verb} by {actor}"
        services.context.line.after(transaction, ChampionChanged(definition.name, version.version, trigger))
