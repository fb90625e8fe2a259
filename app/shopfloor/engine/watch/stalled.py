"""Files that do not become complete: somebody writes for hours, or a companion never comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shopfloor.domain.file import FileRecord, FileState, Reason
from shopfloor.domain.monitor import AlertRecord, AlertState, Severity
from shopfloor.engine import notification
from shopfloor.engine.context import Context
from shopfloor.store import alerts, files
from shopfloor.store.transaction import Transaction

STALLED = "stalled"


class Stuck(NamedTuple):
    """A file that has not changed for long; `waiting` is what it waits for, in words."""

    id: str
    dataset: str
    waiting: str


class StalledFiles:
    """Tells once of each such file: in its record, as an event, and with one alert for its dataset."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told: dict[str, Stuck] = {}
        self._looked = False

    def tell(self, stuck: Sequence[Stuck]) -> None:
        """`stuck` are all such files now. The alert of a dataset is resolved when it has none any more."""
        now = {one.id: one for one in stuck}
        fresh = [one for id, one in now.items() if id not in self._told]
        over = [id for id in self._told if id not in now]
        subjects = {one.dataset for one in (*stuck, *self._told.values())}

        def change(transaction: Transaction) -> list[AlertRecord]:
            _mark(transaction, fresh)
            _unmark(transaction, over)
            if not self._looked:  # alerts of an earlier engine, whose files may have gone on
                subjects.update(alert.subject for alert in alerts.unresolved_of(transaction, STALLED))
            told = [_alert(transaction, subject, stuck, self._minutes) for subject in sorted(subjects)]
            return [alert for alert in told if alert is not None]

        if fresh or over or not self._looked:
            for alert in self._context.store.write(change):
                if self._context.settings.notify:
                    notification.notify(self._context.settings.notify, alert)
        self._told, self._looked = now, True

    @property
    def _minutes(self) -> float:
        return self._context.settings.intake.stalled_minutes


def since(file: FileRecord, waiting: str) -> str:
    """What is said of a file that is on its way."""
    return f"It is on its way since {file.seen_at:%Y-%m-%d %H:%M:%S} UTC: {waiting}."


def _mark(transaction: Transaction, fresh: Sequence[Stuck]) -> None:
    waiting = {one.id: one.waiting for one in fresh}
    rows = []
    for row in files.ledger(transaction, list(waiting)):
        message = since(row.file, waiting[row.file.id])
        reason = Reason(code=STALLED, message=message, hint="See what its sender does. Nothing of it is taken in yet.")
        file = msgspec.structs.replace(row.file, state=FileState.WAITING, reason=reason)
        rows.append(msgspec.structs.replace(row, file=file))
        transaction.emit(
            "file.stalled", file.dataset, f"{file.path} does not become complete. {message}", data={"file": file.id}
        )
    files.put_many(transaction, rows)


def _unmark(transaction: Transaction, over: Sequence[str]) -> None:
    for row in files.ledger(transaction, over):
        if row.file.state is FileState.WAITING and row.file.reason is not None and row.file.reason.code == STALLED:
            file = msgspec.structs.replace(row.file, state=FileState.SETTLING, reason=None)
            files.put(transaction, msgspec.structs.replace(row, file=file))


def _alert(transaction: Transaction, subject: str, stuck: Sequence[Stuck], minutes: float) -> AlertRecord | None:
    """Open the alert of a dataset, or say in it how many files there are now, or resolve it; returns a new one."""
    mine = [one for one in stuck if one.dataset == subject]
    open_ = next((one for one in alerts.unresolved(transaction, subject) if one.check == STALLED), None)
    if open_ is None:
        return _open(transaction, subject, mine, minutes) if mine else None
    now = transaction.now
    if mine:
        alerts.put(transaction, msgspec.structs.replace(open_, value=float(len(mine)), updated_at=now))
    else:
        over = msgspec.structs.replace(open_, state=AlertState.RESOLVED, updated_at=now, resolved_at=now)
        alerts.put(transaction, over)
        _tell(transaction, "resolved", over)
    return None


def _open(transaction: Transaction, subject: str, mine: Sequence[Stuck], minutes: float) -> AlertRecord:
    first = files.ledger(transaction, [mine[0].id])[0].file
    others = f" and {len(mine) - 1:,} more" if len(mine) > 1 else ""
    alert = alerts.create(
        transaction,
        AlertRecord(
            id="",
            subject=subject,
            check=STALLED,
            severity=Severity.WARNING,
            value=float(len(mine)),
            limit=0.0,
            message=f"{first.path}{others} did not become complete for {minutes:g} minutes.",
            cause=f"{since(first, mine[0].waiting)} Look at the job that delivers it: shopfloor file why {first.path}",
            opened_at=transaction.now,
            updated_at=transaction.now,
        ),
    )
    _tell(transaction, "opened", alert)
    return alert


def _tell(transaction: Transaction, verb: str, alert: AlertRecord) -> None:
    transaction.emit(
        f"alert.{verb}",
        alert.subject,
        f"Alert {alert.id} on {alert.subject}: {alert.message}",
        data={"alert": alert.id, "severity": alert.severity.value},
    )
