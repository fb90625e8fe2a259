"""Alerts: one a cause. Pure rules over records, without clock, store or numbers library.

All checks that fire for one model at a time are one incident and one alert: features that moved,
predictions that moved with them, and a score that fell because of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from shopfloor.domain.alert_commands import DELIVERY
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.monitor import AlertLook, AlertRecord, AlertState, CheckResult, Severity
from shopfloor.monitoring.alert_text import BREAK, CHECKS, AlertText
from shopfloor.monitoring.causes import Causes, members_of
from shopfloor.monitoring.check_history import CheckHistory, key_of
from shopfloor.monitoring.records import OUTGROWN, AlertChanges

_LOOKS = 30
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def fold(
    open_alerts: Sequence[AlertRecord],
    results: Sequence[CheckResult],
    history: Sequence[CheckResult],
    definition: ModelDefinition,
    now: datetime,
    delivery: Mapping[str, Any] | None = None,
) -> AlertChanges:
    """What one run (`results`) changes about the model's unresolved alerts.

    A check fires when it is SHIFTED now and in M of its last N runs (`persistence`) at the
    same version (performance: at any), or at once when the change is a break. UNKNOWN results
    neither count nor resolve, and a second run on the same data counts once. All checks that
    fire at one time have one cause and share one alert; what fires later joins it where it has the same cause
    (`Causes`), and else has an alert of its own. While an alert is open each look is kept under it, and a rise in
    severity, a break or another input brings it back from being
    acknowledged or snoozed. It resolves by itself when each of its checks was OK in M runs since it
    was last SHIFTED. `history` are earlier results of the model, in any order,
    `delivery` names the delivered rows (`dataset`, `version` and `files`), as an alert about them keeps it.
    """
    if not results:
        return AlertChanges()
    known = CheckHistory.of(results, history, definition.monitoring.persistence)
    incidents = _incidents(open_alerts, definition.name)
    causes = Causes.of(incidents, known)
    outgrown = known.outgrown() if not known.firing() else ()
    opened = causes.apart or (() if incidents else outgrown)
    updated, resolved = [], []
    for incident in incidents:
        current = (*causes.joining[incident.id], *(outgrown if incident.check == OUTGROWN else ()))
        if current:
            updated.append(_counted(incident, current, known, now, delivery))
        elif known.over(members_of(incident)):
            resolved.append(_ended(incident, results[0].model_version, now))
        elif (woken := awake(incident, now)) is not incident:
            updated.append(woken)
    return AlertChanges(
        opened=(_opened(opened, definition, now, delivery),) if opened else (),
        updated=tuple(updated),
        resolved=tuple(resolved),
    )


def acknowledge(alert: AlertRecord, note: str, now: datetime) -> AlertRecord:
    """Somebody takes care of it. Acknowledged again it only takes the note; refused when it is resolved."""
    if alert.state is AlertState.RESOLVED:
        raise _refused(alert, "acknowledged")
    if alert.state is AlertState.ACKNOWLEDGED:
        return _noted(alert, note, now)
    return replace(alert, state=AlertState.ACKNOWLEDGED, note=note or alert.note, snoozed_until=None, updated_at=now)


def snooze(alert: AlertRecord, until: datetime, now: datetime, note: str = "") -> AlertRecord:
    """Quiet until a time. Snoozed again until then it only takes the note.

    Refused when it is resolved, or when the time is not in the future.
    """
    if alert.state is AlertState.RESOLVED:
        raise _refused(alert, "snoozed")
    if until <= now:
        raise RefusedError(
            f"Alert {alert.id} cannot be snoozed until {until:%Y-%m-%d %H:%M} UTC: that is past.",
            hint="Give a time in the future, or a span such as 4h.",
            code="snooze_past",
        )
    if alert.snoozed_until == until:
        return _noted(alert, note, now)
    return replace(alert, state=AlertState.SNOOZED, snoozed_until=until, note=note or alert.note, updated_at=now)


def resolve(alert: AlertRecord, note: str, now: datetime) -> AlertRecord:
    """A person says it is over. Resolved again it only takes the note."""
    if alert.state is AlertState.RESOLVED:
        return _noted(alert, note, now)
    return replace(
        alert,
        state=AlertState.RESOLVED,
        note=note or alert.note,
        snoozed_until=None,
        resolved_at=now,
        updated_at=now,
        actions=(),
    )


def _noted(alert: AlertRecord, note: str, now: datetime) -> AlertRecord:
    """With another note; the same object when there is nothing new to note."""
    return alert if note in ("", alert.note) else replace(alert, note=note, updated_at=now)


def _refused(alert: AlertRecord, wanted: str) -> RefusedError:
    return RefusedError(
        f"Alert {alert.id} is {alert.state.value} and cannot be {wanted}.",
        hint="If the problem returns, a new alert opens.",
        code="alert_state",
    )


def _incidents(alerts: Sequence[AlertRecord], model: str) -> list[AlertRecord]:
    """The model's unresolved alerts of these rules, the oldest first."""
    found = [
        alert
        for alert in alerts
        if alert.subject == model and CHECKS in alert.evidence and alert.state is not AlertState.RESOLVED
    ]
    return sorted(found, key=lambda alert: alert.opened_at)


def _opened(
    firing: tuple[CheckResult, ...], definition: ModelDefinition, now: datetime, delivery: Mapping[str, Any] | None
) -> AlertRecord:
    text = AlertText.of(firing)
    return AlertRecord(
        id="",
        subject=definition.name,
        check=text.check,
        feature=text.feature,
        severity=text.severity,
        value=text.value,
        limit=text.limit,
        message=text.message,
        cause=text.cause,
        evidence=text.evidence(()) | _about(text, delivery),
        opened_at=now,
        updated_at=now,
        actions=text.actions,
    )


def _about(text: AlertText, delivery: Mapping[str, Any] | None) -> dict[str, Any]:
    """The delivery that an alert is about."""
    return {DELIVERY: dict(delivery)} if delivery is not None and text.is_of_delivery else {}


def _counted(
    alert: AlertRecord,
    current: tuple[CheckResult, ...],
    known: CheckHistory,
    now: datetime,
    delivery: Mapping[str, Any] | None,
) -> AlertRecord:
    """Seen again: it says what it said, with another look under it, and is open again for what nobody has seen yet."""
    text, members = AlertText.of(current), members_of(alert)
    kept = [key for key in members if not known.over([key])]
    worse = _RANK[text.severity] > _RANK[alert.severity]
    was_broken = bool(alert.evidence.get(BREAK))
    news = worse or (text.broken and not was_broken) or any(key_of(one) not in members for one in text.inputs)
    alert = awake(alert, now)
    about = _about(text, delivery) if text.broken and not was_broken else {}
    look = AlertLook(at=now, severity=text.severity, message=text.message, value=text.value, limit=text.limit)
    counted = replace(
        alert,
        severity=text.severity if worse else alert.severity,
        count=alert.count + 1,
        evidence={**alert.evidence, CHECKS: text.evidence(kept)[CHECKS], BREAK: was_broken or text.broken, **about},
        updated_at=now,
        actions=text.actions if text.broken else alert.actions,
        looks=(*alert.looks, look)[-_LOOKS:],
    )
    return replace(counted, state=AlertState.OPEN, snoozed_until=None) if news else counted


def awake(alert: AlertRecord, now: datetime) -> AlertRecord:
    """Open again when its quiet time is over; the same object otherwise."""
    if alert.state is AlertState.SNOOZED and alert.snoozed_until is not None and alert.snoozed_until <= now:
        return replace(alert, state=AlertState.OPEN, snoozed_until=None, updated_at=now)
    return alert


def _ended(alert: AlertRecord, version: int | None, now: datetime) -> AlertRecord:
    retrained = version is not None and alert.evidence.get("model_version") not in (None, version)
    how = f"Resolved automatically: version {version} is now deployed." if retrained else "Resolved automatically."
    return replace(
        alert,
        state=AlertState.RESOLVED,
        snoozed_until=None,
        resolved_at=now,
        updated_at=now,
        note=f"{alert.note} {how}".strip(),
        actions=(),
    )
