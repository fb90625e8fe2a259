"""Why a model version was, or was not, released; why a version serves."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.domain.decision_words import decided, scores, verdict
from shopfloor.domain.explanation import Explained
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.release import AliasChange, Decision, GateCheck, ModelVersion, Outcome
from shopfloor.domain.text import safe
from shopfloor.engine.why.evidence import StoredEvidence
from shopfloor.lineage.key import Key
from shopfloor.store import models

_ORDER = {False: 0, None: 1, True: 2}


def version(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """The gate's decision with its checks, failed ones first; who approved; which aliases moved to it."""
    return of_version(evidence, models.version(evidence.query, key.name, key.number))


def of_version(evidence: StoredEvidence, found: ModelVersion) -> Explained:
    """A version and the decision about it, in a sentence."""
    ref, decision = f"{found.model}@{found.version}", found.decision
    moves = [one for one in models.history(evidence.query, found.model).rows if one.version == found.version]
    if decision is None:
        words, state = f"The gate has not evaluated {ref}.", ", ".join(found.aliases)
    else:
        words, state = f"{ref}: {safe(decision.reason)}", decided(found)
    return Explained(
        kind="model_version",
        ref=ref,
        state=state,
        message=words,
        at=found.created_at if decision is None else decision.decided_at or found.created_at,
        actor=decision.decided_by if decision is not None else "",
        hint=_next(evidence, found),
        because=(*_grounds(decision), *_approved(found), *map(moved, moves)),
    )


def _grounds(decision: Decision | None) -> Iterator[Explained]:
    if decision is None:
        return
    if decision.challenger_score is not None:
        yield Explained(kind="note", message=f"{scores(decision)}.")
    for check in sorted(decision.checks, key=lambda one: (not one.blocking, _ORDER[one.passed])):
        yield _check(check)


def _check(check: GateCheck) -> Explained:
    return Explained(
        kind="check",
        ref=safe(check.code, 80),
        state=verdict(check),
        message=safe(check.detail) or "Measured.",
        value=check.value,
        limit=check.limit,
    )


def _approved(found: ModelVersion) -> Iterator[Explained]:
    for person in found.approvals:
        yield Explained(kind="change", message="It was approved.", actor=safe(person, 80))


def moved(change: AliasChange) -> Explained:
    """One move of an alias: who, when, why."""
    where = f"v{change.version}" if change.version else "nothing"
    before = f" instead of v{change.previous}" if change.previous else ""
    why = safe(change.reason or change.cause, 300)
    return Explained(
        kind="alias",
        state=change.alias,
        message=f"{change.alias} became {where}{before}{f': {why}' if why else ''}.",
        at=change.at,
        actor=safe(change.actor, 80),
    )


def _next(evidence: StoredEvidence, found: ModelVersion) -> str:
    """What a person can do about the decision; nothing for a champion, past or present."""
    ref, decision = f"{found.model}@{found.version}", found.decision
    if decision is None or "champion" in found.aliases:
        return ""
    if models.state(evidence.query, found.model).awaiting == found.version:
        return f"shopfloor model approve {ref}, or shopfloor model reject {ref}"
    if any(one.alias == "champion" and one.version == found.version for one in _history(evidence, found.model)):
        return f"It was champion. Bring it back: shopfloor model promote {ref} --reason WHY"
    if decision.outcome is Outcome.PROMOTE:
        return f"shopfloor model promote {ref}"
    return f"Overrule the gate: shopfloor model promote {ref} --reason WHY"


def _history(evidence: StoredEvidence, model: str) -> tuple[AliasChange, ...]:
    return models.history(evidence.query, model).rows


def deployment(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """Since when, until when, by whom and why a version was champion."""
    move = next(one for one in _history(evidence, key.name) if one.seq == key.number)
    return Explained(
        kind="deployment",
        ref=node.ref,
        state=node.state,
        message=f"{node.label}.",
        hint=f"shopfloor model rollback {key.name}" if node.state == "active" and move.previous else "",
        because=(moved(move),),
    )
