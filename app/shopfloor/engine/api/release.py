"""Release by people: promote, approve, reject, roll back. The rules are the release station's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import NotFoundError, RefusedError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.names import parse_version, split_ref
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.models import ModelApprove, ModelPromote, ModelReject, ModelRollback
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.text import safe
from shopfloor.engine.api.models import resolve
from shopfloor.engine.services import EngineServices
from shopfloor.release import aliases as rules
from shopfloor.release import releasing
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
        return rules.promote(state, version.version, action, force=bool(request.reason.strip()))

    return _do(services, definition, request, request.reason, step, "promoted")


def approve(services: EngineServices, request: ModelApprove) -> ModelVersion:
    """One more approval; the last one needed promotes."""
    definition = services.context.definition(split_ref(request.ref)[0])
    needed = definition.release.approvals
    return _do(
        services,
        definition,
        request,
        request.reason,
        lambda query, state, action: rules.approve(state, _number(request.ref), action, needed=needed),
        "approved",
    )


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
        suffix = f": {safe(reason, 300)}" if reason else ""
        transaction.emit(
            f"release.{verb.split()[0]}",
            definition.name,
            f"{definition.name}@{version.version} {verb} by {request.actor}{suffix}",
            actor=request.actor,
            data={"version": version.version, "reason": safe(reason, 500)},
        )
        if "champion" in version.aliases:
            trigger = f"{definition.name}@{version.version} {verb} by {request.actor}"
            services.context.line.after(transaction, ChampionChanged(definition.name, version.version, trigger))
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
