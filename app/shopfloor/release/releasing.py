"""Carrying out what the gate or a person decided: aliases, approvals, deployments.

The rules are the release station's; here they meet the store and the serving process.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.domain.codec import convert
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import ConflictError, ShopfloorError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.release import ModelVersion, Outcome
from shopfloor.engine.line.train_records import Look
from shopfloor.lake.locations import artifact_file
from shopfloor.release import aliases as rules
from shopfloor.release.prior_tests import count_prior_tests
from shopfloor.runtime.context import Context
from shopfloor.serving.deployment import Deployment, read_deployment, remove_deployment, write_deployment
from shopfloor.store import models
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_LOG = logging.getLogger("shopfloor.release")
_MANY = 100_000


def standing(query: Query, definition: ModelDefinition) -> rules.Standing:
    """A model's release state as the rules want it."""
    held = models.aliases(query, definition.name)
    moves = [change for change in models.history(query, definition.name).rows if change.alias == "champion"]
    return rules.Standing(
        model=definition.name,
        retired=definition.retired,
        champion=held.get("champion"),
        challenger=held.get("challenger"),
        previous=held.get("previous"),
        awaiting=models.state(query, definition.name).awaiting,
        versions=models.versions(query, definition.name, _MANY, 0).rows,
        history=tuple(reversed(moves)),
    )


def carry_out(transaction: Transaction, moves: rules.Moves) -> ModelVersion:
    """Write what an action changes: alias moves with their history, the version, who waits."""
    for change in moves.changes:
        models.move_alias(transaction, change)
    models.put_version(transaction, moves.version)
    state = models.state(transaction, moves.version.model)
    crowned = any(change.alias == "champion" for change in moves.changes)
    fresh = {"live_score": None, "live_rows": 0} if crowned else {}
    models.put_state(transaction, msgspec.structs.replace(state, awaiting=moves.awaiting, **fresh))
    return models.version(transaction, moves.version.model, moves.version.version)


def champion_artifact(context: Context, query: Query, model: str) -> ArtifactFile | None:
    """The champion's artifact, None before the first release."""
    number = models.aliases(query, model).get("champion")
    facts = models.facts(query, model, number) if number is not None else None
    if facts is None:
        return None
    return artifact_file(context.layout, model, facts.version, facts.sha256, facts.trained_until)


def prior_looks(query: Query, model: str, champion: ArtifactFile | None) -> tuple[Look, ...]:
    """The rows that earlier challengers were tested on against this champion (or, before it, a constant)."""
    number = champion.version if champion is not None else None
    looks = []
    for version in models.versions(query, model, _MANY, 0).rows:
        if version.decision is None or count_prior_tests([version.decision], number) == 0:
            continue
        facts = models.facts(query, model, version.version)
        holdout = facts.holdout if facts is not None else {}
        looks.append(convert({"start": holdout.get("from"), "end": holdout.get("to")}, Look))
    return tuple(looks)


def apply_decision(transaction: Transaction, definition: ModelDefinition, version: ModelVersion, cause: str) -> None:
    """What the gate decided about a new version becomes true in its own transaction."""
    assert version.decision is not None
    try:
        moves = rules.settle(
            standing(transaction, definition),
            version.version,
            rules.Act(actor="gate", now=transaction.now, reason=version.decision.reason, cause=cause),
        )
    except ConflictError as conflict:
        # Somebody moved the champion while the challenger was trained: the evidence is about another.
        held = msgspec.structs.replace(version.decision, outcome=Outcome.HOLD, reason=conflict.message)
        version = msgspec.structs.replace(version, decision=held)
        moves = rules.Moves(changes=(), version=version, awaiting=models.state(transaction, version.model).awaiting)
    decision = moves.version.decision
    assert decision is not None
    transaction.emit(
        f"release.{decision.outcome.value}",
        version.model,
        f"{version.model}@{version.version}: {decision.reason}",
        actor="gate",
        data={"version": version.version, "run": version.run, "outcome": decision.outcome.value},
    )
    carry_out(transaction, moves)


def deploy(context: Context, model: str) -> None:
    """Tell the serving process which version is champion. May be repeated; tells nothing new twice."""
    try:
        definition = context.definition(model)
    except ShopfloorError as error:
        _LOG.warning("%s is not deployed: %s", model, error)
        return
    champion = context.store.read(lambda query: champion_artifact(context, query, model))
    if champion is None or definition.retired:
        remove_deployment(context.layout.serving, model)
        return
    known = _known(context.layout.serving, model)
    if known is not None and known.artifact == champion and (known.id, known.time) == (definition.id, definition.time):
        return
    write_deployment(context.layout.serving, _deployment(definition, champion, context.clock.now()))


def _deployment(definition: ModelDefinition, champion: ArtifactFile, now: datetime) -> Deployment:
    return Deployment(
        model=definition.name,
        version=champion.version,
        artifact=champion,
        id=definition.id,
        time=definition.time,
        updated_at=now,
    )


def _known(serving: Path, model: str) -> Deployment | None:
    try:
        return read_deployment(serving, model)
    except ShopfloorError:
        return None  # a damaged file is written again
