"""Alerts and the results of checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult
from shopfloor.domain.page import Page
from shopfloor.domain.status import AlertCounts
from shopfloor.domain.text import safe
from shopfloor.store.images import Row
from shopfloor.store.rows import Filter, Query, count, page, window
from shopfloor.store.transaction import Transaction


def create(transaction: Transaction, alert: AlertRecord) -> AlertRecord:
    """Insert an alert; assigns its id."""
    id, _ = transaction.next_id("a")
    alert = msgspec.structs.replace(alert, id=id)
    put(transaction, alert)
    return alert


def put(transaction: Transaction, alert: AlertRecord) -> None:
    """Replace an alert."""
    transaction.put(
        "alerts",
        {
            "id": alert.id,
            "number": int(alert.id[1:]),
            "subject": alert.subject,
            "check_code": alert.check,
            "state": alert.state.value,
            "opened_at": alert.opened_at,
            "updated_at": alert.updated_at,
            "resolved_at": alert.resolved_at,
            "record": to_text(alert),
        },
        keep=True,
    )


def update(transaction: Transaction, alert: AlertRecord) -> None:
    """It was seen again, or its quiet time is over; what a person has to know of that is an event of its own."""
    before = get(transaction, alert.id)
    put(transaction, alert)
    if before.count != alert.count:
        emit(transaction, "updated", alert)
    if before.severity is not alert.severity:
        emit(transaction, "severity_changed", alert)
    elif before.state is not alert.state:
        emit(transaction, "reopened", alert)


def emit(transaction: Transaction, verb: str, alert: AlertRecord) -> None:
    """The event that an alert was `opened`, `updated`, `reopened` or `resolved` by itself."""
    found = alert.looks[-1].message if alert.looks and verb in ("updated", "reopened") else alert.message
    again = " is open again" if verb == "reopened" else ""
    transaction.emit(
        f"alert.{verb}",
        alert.subject,
        f"Alert {alert.id} on {alert.subject}{again}: {found}",
        data={"alert": alert.id, "severity": alert.severity.value},
    )


def get(query: Query, id: str) -> AlertRecord:
    """One alert; raises `NotFoundError`."""
    row = query.row("alerts", id)
    if row is None:
        raise NotFoundError(
            f"There is no alert {safe(id, 40)!r}.", hint="List them: shopfloor alert list", code="alert_not_found"
        )
    return of_image(row)


def of_image(row: Row) -> AlertRecord:
    """An alert from its row, also from an earlier one."""
    return msgspec.json.decode(row["record"], type=AlertRecord)


def unresolved(query: Query, subject: str) -> list[AlertRecord]:
    """Alerts on a model that are not resolved."""
    rows = query.all("SELECT record FROM alerts WHERE subject = ? AND state <> 'resolved' ORDER BY number", [subject])
    return [msgspec.json.decode(row[0], type=AlertRecord) for row in rows]


def snooze_over(query: Query, now: datetime) -> list[AlertRecord]:
    """Snoozed alerts whose quiet time is over."""
    rows = query.all("SELECT record FROM alerts WHERE state = ? ORDER BY number", [AlertState.SNOOZED.value])
    found = [msgspec.json.decode(row[0], type=AlertRecord) for row in rows]
    return [alert for alert in found if alert.snoozed_until is not None and alert.snoozed_until <= now]


def unresolved_of(query: Query, check: str) -> list[AlertRecord]:
    """Alerts of one kind of check that are not resolved."""
    rows = query.all("SELECT record FROM alerts WHERE check_code = ? AND state <> 'resolved' ORDER BY number", [check])
    return [msgspec.json.decode(row[0], type=AlertRecord) for row in rows]


_URGENT = (
    "state = 'resolved', state <> 'open', CASE WHEN state = 'resolved' THEN 0 ELSE "
    "CASE record ->> 'severity' WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END END, number DESC"
)


def listing(
    query: Query, *, subject: str, state: str, text: str, limit: int, offset: int, urgent_first: bool = False
) -> Page[AlertRecord]:
    """Alerts: unresolved first, then newest; or as `AlertList` says of `urgent_first`."""
    order = _URGENT if urgent_first else "state = 'resolved', number DESC"
    where = Filter().equal("subject", subject).equal("state", state)
    where.contains("id || ' ' || subject || ' ' || check_code || ' ' || state", text)
    found = [
        msgspec.json.decode(record, type=AlertRecord)
        for (record,) in window(query, "alerts", "record", where, order, limit, offset)
    ]
    return page(found, count(query, "alerts", where), offset)


def counts(query: Query) -> AlertCounts:
    """How many alerts are open."""
    found = dict(query.all("SELECT state, count(*) FROM alerts GROUP BY state"))
    return AlertCounts(open=found.get("open", 0), acknowledged=found.get("acknowledged", 0))


def open_by_model(query: Query) -> dict[str, int]:
    """Model to its number of open alerts."""
    return dict(query.all("SELECT subject, count(*) FROM alerts WHERE state = 'open' GROUP BY subject"))


def add_checks(transaction: Transaction, results: Sequence[CheckResult]) -> None:
    """Append results of checks."""
    numbers = transaction.next_ids("c", len(results))
    transaction.put_many(
        "checks",
        [
            {
                "number": number,
                "model": result.model,
                "model_version": result.model_version,
                "check_code": result.check,
                "feature": result.feature,
                "source": result.source,
                "verdict": result.verdict.value,
                "happened_at": result.at,
                "record": to_text(result),
            }
            for (_, number), result in zip(numbers, results, strict=True)
        ],
    )


def newest_checks(query: Query, model: str) -> list[CheckResult]:
    """The newest result of every check and feature of a model on rows from each source, oldest first."""
    return _newest(query, model, 1, "check_code, feature, source")[::-1]


def recent_checks(query: Query, model: str, each: int) -> list[CheckResult]:
    """The newest results of every check and feature of a model on rows from each source, newest first: so many that
    could tell, and as many that could not.
    """
    return _newest(query, model, each, "check_code, feature, source, verdict = 'unknown'")


def _newest(query: Query, model: str, each: int, of: str) -> list[CheckResult]:
    kept = query.all(
        "SELECT number FROM checks WHERE model = ? "
        f"QUALIFY row_number() OVER (PARTITION BY {of} ORDER BY number DESC) <= ?",
        [model, each],
    )
    rows = query.all(
        "SELECT record FROM checks WHERE number IN (SELECT unnest(?)) ORDER BY number DESC",
        [[number for (number,) in kept]],
    )
    return [msgspec.json.decode(row[0], type=CheckResult) for row in rows]


def checks_of(query: Query, model: str, check: str) -> tuple[CheckResult, ...]:
    """All results of one check of a model, oldest first."""
    rows = query.all("SELECT record FROM checks WHERE model = ? AND check_code = ? ORDER BY number", [model, check])
    return tuple(msgspec.json.decode(row[0], type=CheckResult) for row in rows)


def check_history(query: Query, model: str, limit: int, offset: int = 0) -> Page[CheckResult]:
    """All results of a model, newest first."""
    where = Filter().equal("model", model)
    rows = window(query, "checks", "record", where, "number DESC", limit, offset, key="number")
    return page([msgspec.json.decode(row[0], type=CheckResult) for row in rows], count(query, "checks", where), offset)


def median_restore_seconds(query: Query) -> float | None:
    """Median seconds from an alert's opening to its resolution."""
    row = query.one("SELECT median(epoch(resolved_at) - epoch(opened_at)) FROM alerts WHERE resolved_at IS NOT NULL")
    return None if row is None or row[0] is None else float(row[0])
