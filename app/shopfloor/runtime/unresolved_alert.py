"""The one alert of a kind that a dataset or model has: opened, kept up to date, resolved."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.monitor import AlertRecord, AlertState, Severity
from shopfloor.store import alerts
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction


def unresolved(query: Query, subject: str, check: str, feature: str | None = None) -> AlertRecord | None:
    """The unresolved alert of `subject`, if there is one."""
    found = (one for one in alerts.unresolved(query, subject) if one.check == check and one.feature == feature)
    return next(found, None)


def raise_alert(
    transaction: Transaction,
    subject: str,
    check: str,
    message: str,
    cause: str,
    *,
    value: float,
    severity: Severity = Severity.WARNING,
    feature: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> AlertRecord:
    """Open the alert of a subject that has none; `feature` tells several of one kind apart."""
    alert = alerts.create(
        transaction,
        AlertRecord(
            id="",
            subject=subject,
            check=check,
            feature=feature,
            severity=severity,
            evidence=evidence or {},
            value=value,
            limit=0.0,
            message=message,
            cause=cause,
            opened_at=transaction.now,
            updated_at=transaction.now,
        ),
    )
    alerts.emit(transaction, "opened", alert)
    return alert


def update(transaction: Transaction, alert: AlertRecord, *, value: float) -> None:
    """How many files or folders it is about by now."""
    alerts.put(transaction, msgspec.structs.replace(alert, value=value, updated_at=transaction.now))


def resolve(transaction: Transaction, subject: str, check: str, *, feature: str | None = None) -> None:
    """What it was about is over; nothing where there is none."""
    alert = unresolved(transaction, subject, check, feature)
    if alert is None:
        return
    now = transaction.now
    resolved = msgspec.structs.replace(alert, state=AlertState.RESOLVED, updated_at=now, resolved_at=now)
    alerts.put(transaction, resolved)
    alerts.emit(transaction, "resolved", resolved)
