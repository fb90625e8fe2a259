"""Datasets that should have had a delivery by now: an alert opens, and goes with the next version."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shopfloor.domain.monitor import AlertRecord, AlertState, Severity
from shopfloor.domain.numbers import duration, exact
from shopfloor.runtime.context import Context
from shopfloor.store import alerts, datasets, revisions
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

FRESHNESS = "freshness"


def check_all(context: Context) -> None:
    """Open an alert for each dataset without a new version for as long as its contract allows.

    A contract that cannot be read just now counts as it was read last.
    """
    allowed = {name: contract.freshness.hours for name, contract in context.book.noticed.copy().items()}
    open_ = {alert.subject for alert in context.store.read(_all_open)}
    for dataset in {name for name, hours in allowed.items() if hours > 0} | open_:
        _check(context, dataset, allowed.get(dataset, 0.0))


def _all_open(query: Query) -> list[AlertRecord]:
    return alerts.unresolved_of(query, FRESHNESS)


def _check(context: Context, dataset: str, hours: float) -> None:
    """The cheap question first: nearly every time there is nothing to change."""
    now = context.clock.now()

    def query(reader: Query) -> tuple[datetime | None, bool, bool]:
        since = _since(reader, dataset)
        reported = since is not None and _reported(reader, dataset, since, hours)
        return since, bool(_alerts(reader, dataset)), reported

    since, open_, reported = context.store.read(query)
    late = hours > 0 and since is not None and now - since > timedelta(hours=hours)
    if late and not reported and since is not None:
        context.store.write(lambda transaction: _open(transaction, dataset, since, hours))
    elif open_ and not late:
        context.store.write(lambda transaction: resolve(transaction, dataset))


def _since(query: Query, dataset: str) -> datetime | None:
    """When the dataset last got a version; before the first, since when its contract is known."""
    newest = datasets.version(query, dataset, datasets.current_version(query, dataset))
    if newest is not None:
        return newest.created_at
    first = revisions.get(query, dataset, 1)
    return first.at if first is not None else None


def _alerts(query: Query, dataset: str) -> list[AlertRecord]:
    return [alert for alert in alerts.unresolved(query, dataset) if alert.check == FRESHNESS]


def _open(transaction: Transaction, dataset: str, since: datetime, hours: float) -> None:
    if _reported(transaction, dataset, since, hours):
        return
    waited = (transaction.now - since).total_seconds() / 3600
    alert = alerts.create(
        transaction,
        AlertRecord(
            id="",
            subject=dataset,
            check=FRESHNESS,
            severity=Severity.WARNING,
            value=round(waited, 2),
            limit=hours,
            message=f"{dataset} has had no new version for {duration(3600 * waited)}; "
            f"its contract allows {exact(hours)} h.",
            cause=f"The newest one arrived {since:%Y-%m-%d %H:%M} UTC. Check the export job and inbox/{dataset}/.",
            opened_at=transaction.now,
            updated_at=transaction.now,
        ),
    )
    alerts.emit(transaction, "opened", alert)


def _reported(query: Query, dataset: str, since: datetime, hours: float) -> bool:
    """True when an alert about this very silence was opened, also when a person resolved it since."""
    found = alerts.listing(query, subject=dataset, state="", text=FRESHNESS, limit=50, offset=0).rows
    return any(
        alert.check == FRESHNESS
        and (alert.state is not AlertState.RESOLVED or (alert.opened_at > since and alert.limit == hours))
        for alert in found
    )


def resolve(transaction: Transaction, dataset: str) -> None:
    """A new version arrived, or none is expected any more: the alert resolves by itself."""
    for alert in _alerts(transaction, dataset):
        over = msgspec.structs.replace(
            alert, state=AlertState.RESOLVED, updated_at=transaction.now, resolved_at=transaction.now
        )
        alerts.put(transaction, over)
        alerts.emit(transaction, "resolved", over)
