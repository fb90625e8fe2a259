"""Why an alert was raised, what became of it, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shopfloor.domain.alert_commands import commands
from shopfloor.domain.explanation import Explained
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.text import safe
from shopfloor.engine.why.evidence import StoredEvidence, history
from shopfloor.lineage.key import Key
from shopfloor.store import alerts


def alert(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """The message with value and limit of its moment, the supposed cause, the checks behind it, who did what."""
    found = alerts.get(evidence.query, key.name)
    cause = (Explained(kind="note", message=f"Likely cause: {safe(found.cause)}"),) if found.cause else ()
    return Explained(
        kind="alert",
        ref=found.id,
        state=found.state.value,
        message=f"{found.id}, {found.severity} on {safe(found.subject, 64)}: {safe(found.message)}",
        at=found.opened_at,
        value=found.value,
        limit=found.limit,
        hint="; ".join(map(safe, commands(found))),
        because=(*cause, *_checks(found), *history(evidence, found.subject, "alert", found.id)),
    )


def _checks(alert: AlertRecord) -> Iterator[Explained]:
    """What each check found that the alert counts, as it stored it; its own, where an older one stored no other."""
    own = {"check": alert.check, "feature": alert.feature, "value": alert.value, "limit": alert.limit}
    stored = [*(alert.evidence.get("features") or ()), *(alert.evidence.get("consequences") or ())]
    for one in stored or [own]:
        if isinstance(one, Mapping):
            yield Explained(
                kind="check",
                ref=safe(one.get("check") or "check", 80),
                message=f"of {safe(one.get('feature') or 'the rows', 80)}",
                value=one.get("value"),
                limit=one.get("limit"),
            )
