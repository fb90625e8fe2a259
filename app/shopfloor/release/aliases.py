"""Rules of the aliases `champion`, `challenger` and `previous`: who may move them, and where to.

Pure functions from the present standing and an action to alias moves. Nothing is stored here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from shopfloor.domain.errors import ConflictError, NotFoundError, RefusedError, UsageError
from shopfloor.domain.record import Record
from shopfloor.domain.release import ROLLBACK, AliasChange, ModelVersion, Outcome
from shopfloor.domain.text import safe


class Standing(Record, frozen=True, kw_only=True):
    """One model's release state.

    `awaiting` is the version that waits for approval, `history` the moves of the champion alias,
    oldest first (only a rollback needs it: it finds the champion before the previous one).
    """

    model: str
    retired: bool = False
    champion: int | None = None
    challenger: int | None = None
    previous: int | None = None
    awaiting: int | None = None
    versions: tuple[ModelVersion, ...] = ()
    history: tuple[AliasChange, ...] = ()

    def version(self, number: int) -> ModelVersion:
        """The version, or `NotFoundError`."""
        for one in self.versions:
            if one.version == number:
                return one
        model = safe(self.model, 64)
        raise NotFoundError(
            f"Model {model} has no version {number}.",
            hint=f"List them: shopfloor model versions {model}",
            code="version_not_found",
        )


class Moves(Record, frozen=True, kw_only=True):
    """What an action changes: alias moves in order, the version's record, who waits for approval."""

    changes: tuple[AliasChange, ...]
    version: ModelVersion
    awaiting: int | None = None

    def nothing_new(self, standing: Standing) -> bool:
        """True when `standing` is so already: the wish was repeated."""
        return not self.changes and self.version == standing.version(self.version.version)


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, when, why, and what led to it (`cause`, for example a run)."""

    actor: str
    now: datetime
    reason: str = ""
    cause: str = ""


def settle(standing: Standing, number: int, act: Act) -> Moves:
    """Carry out the gate's decision about a new version.

    `ConflictError` when the champion is no longer the one it was judged against.
    """
    version = _judged(standing, number)
    assert version.decision is not None
    _check_current(standing, version)
    match version.decision.outcome:
        case Outcome.PROMOTE:
            return _crown(standing, version, act)
        case Outcome.AWAIT_APPROVAL:
            return Moves(changes=_move(standing, "challenger", number, act), version=version, awaiting=number)
        case Outcome.HOLD:
            changes = _move(standing, "challenger", number, act)
            return Moves(changes=changes, version=version, awaiting=standing.awaiting)
        case Outcome.REJECT:
            return Moves(changes=(), version=version, awaiting=standing.awaiting)


def promote(standing: Standing, number: int, act: Act, *, force: bool = False) -> Moves:
    """A person makes a version champion.

    Free where the gate said yes, or left it to a person (policy manual). Otherwise `force` with
    a reason overrules the gate. For the champion nothing changes. Raises `NotFoundError` (unknown
    version), `RefusedError` (retired model, gate said no, force without a reason) or
    `ConflictError` (judged against another champion than the present one).
    """
    version = standing.version(number)
    _check_actor(act)
    _check_in_service(standing)
    ref = _ref(version)
    if standing.champion == number:
        return _as_it_is(standing, version)
    if force:
        if not act.reason.strip():
            raise RefusedError(
                f"Promoting {ref} against the gate needs a reason.", hint=_overrule(ref), code="reason_needed"
            )
        return _crown(standing, version, act)
    _check_allowed(version)
    _check_current(standing, version)
    return _crown(standing, version, act)


def approve(standing: Standing, number: int | None, act: Act, *, needed: int) -> Moves:
    """One person's approval of the version that waits (`number`, or whichever waits).

    With `needed` different people the version becomes champion. For the champion, and for a person
    who approved it before, nothing changes. Raises `RefusedError` (nothing waits, retired) or
    `ConflictError` (a newer version waits instead, or the champion changed since it was judged).
    """
    if number is not None and number == standing.champion:
        _check_actor(act)
        _check_in_service(standing)
        return _as_it_is(standing, standing.version(number))
    version = _waiting(standing, number, act)
    actor = act.actor.strip()
    # Less may be needed than when the person approved; then the repetition completes it.
    if any(actor.casefold() == known.casefold() for known in version.approvals):
        if len(version.approvals) < max(1, needed):
            return _as_it_is(standing, version)
    else:
        version = msgspec.structs.replace(version, approvals=(*version.approvals, actor))
    if len(version.approvals) < max(1, needed):
        return Moves(changes=(), version=version, awaiting=version.version)
    named = ", ".join(version.approvals)
    reason = f"approved by {named}" + (f": {act.reason}" if act.reason else "")
    return _crown(standing, version, Act(actor=actor, now=act.now, reason=reason, cause=act.cause))


def reject(standing: Standing, number: int | None, act: Act) -> Moves:
    """A person rejects the version that waits, or the challenger; the champion stays.

    For a version that is rejected already nothing changes.
    """
    if number is not None and number == standing.champion:
        raise RefusedError(
            f"{_ref(standing.version(number))} is the champion and cannot be rejected.",
            hint=f"Put the previous one back: shopfloor model rollback {safe(standing.model, 64)}",
            code="is_champion",
        )
    if number is not None and _rejected(standing.version(number)):
        _check_actor(act)
        return _as_it_is(standing, standing.version(number))
    if number is not None and number == standing.challenger != standing.awaiting:
        _check_actor(act)
        version = _judged(standing, number)
    else:
        version = _waiting(standing, number, act)
    assert version.decision is not None
    reason = act.reason.strip() or f"rejected by {act.actor.strip()}"
    decision = msgspec.structs.replace(
        version.decision,
        outcome=Outcome.REJECT,
        reason=reason,
        decided_by=act.actor.strip(),
        decided_at=act.now,
    )
    version = msgspec.structs.replace(version, decision=decision)
    changes = _move(standing, "challenger", None, act) if standing.challenger == version.version else ()
    waits = standing.awaiting if standing.awaiting != version.version else None
    return Moves(changes=changes, version=version, awaiting=waits)


def rollback(standing: Standing, act: Act) -> Moves:
    """Put the previous champion back; a second rollback goes one further back, never forth.

    Raises `RefusedError` when there is no previous champion.
    """
    _check_actor(act)
    _check_in_service(standing)
    target = standing.previous
    if target is None or standing.champion is None:
        model = safe(standing.model, 64)
        raise RefusedError(
            f"Model {model} has no champion before this one.",
            hint=f"Promote another version: shopfloor model promote {model}@V --reason TEXT",
            code="no_previous",
        )
    version = standing.version(target)
    back = Act(actor=act.actor, now=act.now, reason=act.reason, cause=ROLLBACK)
    changes = _move(standing, "champion", target, back)
    changes += _move(standing, "previous", _before(standing.history, target), back)
    if standing.challenger == target:
        changes += _move(standing, "challenger", None, back)
    return Moves(changes=changes, version=version)


def _as_it_is(standing: Standing, version: ModelVersion) -> Moves:
    return Moves(changes=(), version=version, awaiting=standing.awaiting)


def _rejected(version: ModelVersion) -> bool:
    return version.decision is not None and version.decision.outcome is Outcome.REJECT


def _crown(standing: Standing, version: ModelVersion, act: Act) -> Moves:
    """Champion becomes previous, the version becomes champion; nothing waits any more.

    Whoever waited was judged against the champion that now goes.
    """
    changes = _move(standing, "champion", version.version, act)
    if standing.champion is not None:
        changes += _move(standing, "previous", standing.champion, act)
    if standing.challenger == version.version:
        changes += _move(standing, "challenger", None, act)
    return Moves(changes=changes, version=version)


def _move(standing: Standing, alias: str, number: int | None, act: Act) -> tuple[AliasChange, ...]:
    held = {
        "champion": standing.champion,
        "challenger": standing.challenger,
        "previous": standing.previous,
    }[alias]
    if held == number:
        return ()
    change = AliasChange(
        model=standing.model,
        alias=alias,
        version=number,
        previous=held,
        actor=act.actor.strip(),
        cause=act.cause,
        reason=act.reason.strip(),
        at=act.now,
    )
    return (change,)


def _before(history: tuple[AliasChange, ...], target: int) -> int | None:
    """The champion before `target` on the way up: promotions push, rollbacks pop."""
    stack: list[int] = []
    for change in history:
        if change.version is None:
            continue
        if change.cause == ROLLBACK and change.version in stack:
            while stack[-1] != change.version:
                stack.pop()
        elif not stack or stack[-1] != change.version:
            stack.append(change.version)
    # The top is the champion that goes.
    below = stack[:-1]
    while below and below[-1] != target:
        below.pop()
    return below[-2] if len(below) > 1 else None


def _waiting(standing: Standing, number: int | None, act: Act) -> ModelVersion:
    """The version that waits for approval, or the reason why it does not."""
    _check_actor(act)
    _check_in_service(standing)
    wanted = standing.awaiting if number is None else number
    if wanted is None:
        raise RefusedError(
            f"No version of {safe(standing.model, 64)} awaits approval.",
            hint="A version waits when the gate agrees and the release policy is approval.",
            code="nothing_awaits",
        )
    version = _judged(standing, wanted)
    assert version.decision is not None
    if version.decision.outcome is not Outcome.AWAIT_APPROVAL:
        raise RefusedError(
            f"{_ref(version)} does not await approval: the decision was {version.decision.outcome.value}.",
            hint=_overrule(_ref(version)),
            code="not_awaiting",
        )
    if standing.champion == wanted:
        raise RefusedError(f"{_ref(version)} is the champion already.", hint="Nothing to do.", code="already_champion")
    _check_current(standing, version)
    if standing.awaiting != wanted:
        waits = "none" if standing.awaiting is None else f"v{standing.awaiting}"
        raise ConflictError(
            f"{_ref(version)} was superseded; now awaiting approval: {waits}.",
            hint=f"See shopfloor model show {safe(standing.model, 64)}",
            code="superseded",
        )
    return version


def _judged(standing: Standing, number: int) -> ModelVersion:
    version = standing.version(number)
    if version.decision is None:
        raise _not_judged(version)
    return version


def _not_judged(version: ModelVersion) -> RefusedError:
    ref = _ref(version)
    return RefusedError(f"The gate has not evaluated {ref}.", hint=_overrule(ref), code="not_judged")


def _check_allowed(version: ModelVersion) -> None:
    """The gate said yes, or said that a person may."""
    decision, ref = version.decision, _ref(version)
    if decision is None:
        raise _not_judged(version)
    left_to_people = any(check.code == "policy" for check in decision.checks)
    match decision.outcome:
        case Outcome.PROMOTE:
            return
        case Outcome.AWAIT_APPROVAL:
            raise RefusedError(
                f"{ref} awaits approval: {safe(decision.reason)}.",
                hint=f"Approve it: shopfloor model approve {ref}",
                code="awaits_approval",
            )
        case Outcome.HOLD if left_to_people:
            return
        case Outcome.HOLD | Outcome.REJECT:
            word = "held" if decision.outcome is Outcome.HOLD else "rejected"
            raise RefusedError(f"{ref} was {word}: {safe(decision.reason)}.", hint=_overrule(ref), code="gate_said_no")


def _check_current(standing: Standing, version: ModelVersion) -> None:
    """The decision is about the present champion."""
    assert version.decision is not None
    judged = version.decision.champion
    if judged == standing.champion:
        return
    rival = "no champion" if judged is None else f"v{judged}"
    now = "gone" if standing.champion is None else f"v{standing.champion}"
    raise ConflictError(
        f"{_ref(version)} was judged against {rival}, but the champion is now {now}.",
        hint=f"Train again to have it judged, or overrule the gate. {_overrule(_ref(version))}",
        code="champion_changed",
    )


def _check_in_service(standing: Standing) -> None:
    if standing.retired:
        model = safe(standing.model, 64)
        raise RefusedError(
            f"Model {model} is retired.", hint=f"Set retired = false in models/{model}.toml first.", code="retired"
        )


def _check_actor(act: Act) -> None:
    if not act.actor.strip():
        raise UsageError("The actor is missing.", hint="Name the person who decides.", code="no_actor")


def _ref(version: ModelVersion) -> str:
    return f"{safe(version.model, 64)}@{version.version}"


def _overrule(ref: str) -> str:
    return f"To overrule the gate: shopfloor model promote {ref} --reason TEXT"
