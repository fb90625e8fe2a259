"""Rules of the aliases `champion`, `challenger` and `previous`: who may move them, and where to.

Pure functions from the present state and an action to alias changes. Nothing is stored here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from shopfloor.domain.errors import ConflictError, NotFoundError, RefusedError, UsageError
from shopfloor.domain.record import Record
from shopfloor.domain.release import ROLLBACK, UNDO, AliasChange, Decision, ModelVersion, Outcome
from shopfloor.domain.text import counted, safe


class ReleaseState(Record, frozen=True, kw_only=True):
    """One model's release state.

    `awaiting` is the version that waits for approval, `history` the changes of the champion alias,
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


class ReleaseUpdate(Record, frozen=True, kw_only=True):
    """What an action changes: alias changes in order, the version's record, who waits for approval."""

    changes: tuple[AliasChange, ...]
    version: ModelVersion
    awaiting: int | None = None

    def changes_nothing(self, state: ReleaseState) -> bool:
        """True when `state` is already what the action asks for, for example after a repeated request."""
        return not self.changes and self.version == state.version(self.version.version)


@dataclass(frozen=True, slots=True)
class ReleaseAction:
    """Who acts, when, why, and what led to it (`cause`, for example a run)."""

    actor: str
    now: datetime
    reason: str = ""
    cause: str = ""


def apply_gate_decision(state: ReleaseState, number: int, action: ReleaseAction) -> ReleaseUpdate:
    """Carry out the gate's decision about a new version.

    `ConflictError` when the champion is no longer the one it was judged against.
    """
    version = _judged(state, number)
    assert version.decision is not None
    _check_current(state, version)
    match version.decision.outcome:
        case Outcome.PROMOTE:
            return _make_champion(state, version, action)
        case Outcome.AWAIT_APPROVAL:
            return ReleaseUpdate(changes=_move(state, "challenger", number, action), version=version, awaiting=number)
        case Outcome.HOLD:
            changes = _move(state, "challenger", number, action)
            return ReleaseUpdate(changes=changes, version=version, awaiting=state.awaiting)
        case Outcome.REJECT:
            return ReleaseUpdate(changes=(), version=version, awaiting=state.awaiting)


def promote(
    state: ReleaseState,
    number: int,
    action: ReleaseAction,
    *,
    force: bool = False,
    needed: int = 1,
    approves: bool = True,
) -> ReleaseUpdate:
    """A person makes a version champion, or asks for it where `needed` people must agree.

    Allowed where the gate decided `promote`, or left it to a person (policy manual). Otherwise `force` with
    a reason overrules the gate. Who asks is one of those who agree if `approves`, the right to do so.
    For the champion nothing changes. Raises `NotFoundError` (unknown
    version), `RefusedError` (retired model, gate decided against it, force without a reason) or
    `ConflictError` (judged against another champion than the present one).
    """
    version = state.version(number)
    _check_actor(action)
    _check_in_service(state)
    ref = _ref(version)
    if state.champion == number:
        return _unchanged(state, version)
    if force:
        if not action.reason.strip():
            raise RefusedError(
                f"Promoting {ref} against the gate needs a reason.", hint=_override_hint(ref), code="reason_needed"
            )
    else:
        _check_allowed(version)
        _check_current(state, version)
        _check_learned(version)
    if needed > 1:
        return _ask_for(state, version, action, needed, approves)
    return _make_champion(state, version, action)


def _ask_for(
    state: ReleaseState, version: ModelVersion, action: ReleaseAction, needed: int, approves: bool
) -> ReleaseUpdate:
    """The version waits for approval from now on, with what the gate decided about it in the reason."""
    if state.awaiting != version.version:
        version = msgspec.structs.replace(version, decision=_request(state, version, action), approvals=())
    if approves:
        update = _with_approval(state, version, action, needed)
    else:
        update = ReleaseUpdate(changes=(), version=version, awaiting=version.version)
    if update.changes:
        return update
    return msgspec.structs.replace(update, changes=_move(state, "challenger", version.version, action))


def _request(state: ReleaseState, version: ModelVersion, action: ReleaseAction) -> Decision:
    actor, before = action.actor.strip(), version.decision
    why = f": {action.reason.strip()}" if action.reason.strip() else ""
    gate = f" The gate decided {before.outcome.value}: {before.reason}" if before is not None else ""
    return msgspec.structs.replace(
        before or Decision(outcome=Outcome.AWAIT_APPROVAL, reason=""),
        outcome=Outcome.AWAIT_APPROVAL,
        reason=f"{actor} asks for it{why}.{gate}",
        champion=state.champion,
        decided_by=actor,
        decided_at=action.now,
    )


def approve(state: ReleaseState, number: int | None, action: ReleaseAction, *, needed: int) -> ReleaseUpdate:
    """One person's approval of the version that waits (`number`, or whichever waits).

    With `needed` different people the version becomes champion. For the champion, and for a person
    who approved it before, nothing changes. Raises `RefusedError` (nothing waits, retired) or
    `ConflictError` (a newer version waits instead, or the champion changed since it was judged).
    """
    if number is not None and number == state.champion:
        _check_actor(action)
        _check_in_service(state)
        return _unchanged(state, state.version(number))
    return _with_approval(state, _waiting(state, number, action), action, needed)


def _with_approval(state: ReleaseState, version: ModelVersion, action: ReleaseAction, needed: int) -> ReleaseUpdate:
    """The version with the person's approval, and champion where that is the last one needed.

    Less may be needed than when the person approved; then the repetition completes it.
    """
    actor = action.actor.strip()
    if not any(actor.casefold() == known.casefold() for known in version.approvals):
        version = msgspec.structs.replace(version, approvals=(*version.approvals, actor))
    if len(version.approvals) < max(1, needed):
        return ReleaseUpdate(changes=(), version=version, awaiting=version.version)
    named = ", ".join(version.approvals)
    reason = f"approved by {named}" + (f": {action.reason}" if action.reason else "")
    return _make_champion(state, version, ReleaseAction(actor=actor, now=action.now, reason=reason, cause=action.cause))


def reject(state: ReleaseState, number: int | None, action: ReleaseAction) -> ReleaseUpdate:
    """A person rejects the version that waits, or the challenger; the champion stays.

    For a version that is rejected already nothing changes.
    """
    if number is not None and number == state.champion:
        raise RefusedError(
            f"{_ref(state.version(number))} is the champion and cannot be rejected.",
            hint=f"Put the previous one back: shopfloor model rollback {safe(state.model, 64)}",
            code="is_champion",
        )
    if number is not None and _rejected(state.version(number)):
        _check_actor(action)
        return _unchanged(state, state.version(number))
    if number is not None and number == state.challenger != state.awaiting:
        _check_actor(action)
        version = _judged(state, number)
    else:
        version = _waiting(state, number, action)
    assert version.decision is not None
    reason = action.reason.strip() or f"rejected by {action.actor.strip()}"
    decision = msgspec.structs.replace(
        version.decision,
        outcome=Outcome.REJECT,
        reason=reason,
        decided_by=action.actor.strip(),
        decided_at=action.now,
    )
    version = msgspec.structs.replace(version, decision=decision)
    changes = _move(state, "challenger", None, action) if state.challenger == version.version else ()
    waits = state.awaiting if state.awaiting != version.version else None
    return ReleaseUpdate(changes=changes, version=version, awaiting=waits)


def rollback(state: ReleaseState, action: ReleaseAction) -> ReleaseUpdate:
    """Put the previous champion back; a second rollback goes one further back, never forth.

    A champion that learned from rows which have left since is passed over. Raises `RefusedError` when there is no
    champion to go back to.
    """
    _check_actor(action)
    _check_in_service(state)
    model = safe(state.model, 64)
    hint = f"Promote another version: shopfloor model promote {model}@V --reason TEXT"
    if state.champion is None or not (earlier := _earlier(state)):
        raise RefusedError(f"Model {model} has no champion before this one.", hint=hint, code="no_previous")
    sound = _sound(state, earlier, state.champion)
    if not sound:
        raise RefusedError(
            f"All champions of {model} before this one learned from rows that have left the dataset.",
            hint=hint,
            code="withdrawn_rows",
        )
    version = state.version(sound[0])
    back = ReleaseAction(actor=action.actor, now=action.now, reason=action.reason, cause=ROLLBACK)
    changes = _move(state, "champion", version.version, back)
    changes += _move(state, "previous", next(iter(_sound(state, sound, version.version)), None), back)
    if state.challenger == version.version:
        changes += _move(state, "challenger", None, back)
    return ReleaseUpdate(changes=changes, version=version)


def name_previous(state: ReleaseState, action: ReleaseAction) -> tuple[AliasChange, ...]:
    """`previous` names the champion that a rollback goes back to, after a version was marked or unmarked."""
    return _move(state, "previous", next(iter(_sound(state, _earlier(state), state.champion)), None), action)


def _unchanged(state: ReleaseState, version: ModelVersion) -> ReleaseUpdate:
    return ReleaseUpdate(changes=(), version=version, awaiting=state.awaiting)


def _rejected(version: ModelVersion) -> bool:
    return version.decision is not None and version.decision.outcome is Outcome.REJECT


def _make_champion(state: ReleaseState, version: ModelVersion, action: ReleaseAction) -> ReleaseUpdate:
    """Champion becomes previous, the version becomes champion; nothing waits any more.

    Whoever waited was judged against the champion that now goes. One that learned from rows which have left is not
    what a rollback should find.
    """
    changes = _move(state, "champion", version.version, action)
    if state.champion is not None:
        sound = _sound(state, [state.champion, *_earlier(state)], version.version)
        changes += _move(state, "previous", next(iter(sound), None), action)
    if state.challenger == version.version:
        changes += _move(state, "challenger", None, action)
    return ReleaseUpdate(changes=changes, version=version)


def _move(state: ReleaseState, alias: str, number: int | None, action: ReleaseAction) -> tuple[AliasChange, ...]:
    held = {
        "champion": state.champion,
        "challenger": state.challenger,
        "previous": state.previous,
    }[alias]
    if held == number:
        return ()
    change = AliasChange(
        model=state.model,
        alias=alias,
        version=number,
        previous=held,
        actor=action.actor.strip(),
        cause=action.cause,
        reason=action.reason.strip(),
        at=action.now,
    )
    return (change,)


def _earlier(state: ReleaseState) -> list[int]:
    """The champions before the present one, newest first: promotions push, rollbacks pop."""
    stack: list[int] = []
    for change in state.history:
        if change.version is None:  # the first champion was undone
            stack.clear()
        elif change.cause in (ROLLBACK, UNDO) and change.version in stack:
            while stack[-1] != change.version:
                stack.pop()
        elif not stack or stack[-1] != change.version:
            stack.append(change.version)
    known = stack[-2::-1]  # the top is the champion that goes
    return known or ([state.previous] if state.previous is not None else [])


def _sound(state: ReleaseState, numbers: list[int], champion: int | None) -> list[int]:
    """Those beside `champion` that learned only from rows that are in the dataset still."""
    return [number for number in numbers if number != champion and state.version(number).withdrawn is None]


def _waiting(state: ReleaseState, number: int | None, action: ReleaseAction) -> ModelVersion:
    """The version that waits for approval, or the reason why it does not."""
    _check_actor(action)
    _check_in_service(state)
    number_wanted = state.awaiting if number is None else number
    if number_wanted is None:
        raise RefusedError(
            f"No version of {safe(state.model, 64)} awaits approval.",
            hint="A version waits when the gate agrees and the release policy is approval.",
            code="nothing_awaits",
        )
    version = _judged(state, number_wanted)
    assert version.decision is not None
    if version.decision.outcome is not Outcome.AWAIT_APPROVAL:
        raise RefusedError(
            f"{_ref(version)} does not await approval: the decision was {version.decision.outcome.value}.",
            hint=_override_hint(_ref(version)),
            code="not_awaiting",
        )
    if state.champion == number_wanted:
        raise RefusedError(f"{_ref(version)} is the champion already.", hint="Nothing to do.", code="already_champion")
    _check_current(state, version)
    if state.awaiting != number_wanted:
        waits = "none" if state.awaiting is None else f"v{state.awaiting}"
        raise ConflictError(
            f"{_ref(version)} was superseded; now awaiting approval: {waits}.",
            hint=f"See shopfloor model show {safe(state.model, 64)}",
            code="superseded",
        )
    return version


def _judged(state: ReleaseState, number: int) -> ModelVersion:
    version = state.version(number)
    if version.decision is None:
        raise _not_judged(version)
    return version


def _not_judged(version: ModelVersion) -> RefusedError:
    ref = _ref(version)
    return RefusedError(f"The gate has not evaluated {ref}.", hint=_override_hint(ref), code="not_judged")


def _check_allowed(version: ModelVersion) -> None:
    """The gate decided `promote`, or left the decision to a person."""
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
            raise RefusedError(
                f"{ref} was {word}: {safe(decision.reason)}.", hint=_override_hint(ref), code="gate_said_no"
            )


def _check_learned(version: ModelVersion) -> None:
    """What it learned is in the dataset still."""
    if version.withdrawn is not None:
        raise RefusedError(
            f"{_ref(version)} learned from {counted(version.withdrawn.rows, 'row')} that left the dataset.",
            hint=_override_hint(_ref(version)),
            code="withdrawn_rows",
        )


def _check_current(state: ReleaseState, version: ModelVersion) -> None:
    """The decision is about the present champion."""
    assert version.decision is not None
    judged = version.decision.champion
    if judged == state.champion:
        return
    baseline = "no champion" if judged is None else f"v{judged}"
    now = "gone" if state.champion is None else f"v{state.champion}"
    raise ConflictError(
        f"{_ref(version)} was judged against {baseline}, but the champion is now {now}.",
        hint=f"Train again to have it judged, or overrule the gate. {_override_hint(_ref(version))}",
        code="champion_changed",
    )


def _check_in_service(state: ReleaseState) -> None:
    if state.retired:
        model = safe(state.model, 64)
        raise RefusedError(
            f"Model {model} is retired.", hint=f"Set retired = false in models/{model}.toml first.", code="retired"
        )


def _check_actor(action: ReleaseAction) -> None:
    if not action.actor.strip():
        raise UsageError("The actor is missing.", hint="Name the person who decides.", code="no_actor")


def _ref(version: ModelVersion) -> str:
    return f"{safe(version.model, 64)}@{version.version}"


def _override_hint(ref: str) -> str:
    return f"To overrule the gate: shopfloor model promote {ref} --reason TEXT"
