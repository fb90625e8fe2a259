"""Files that do not become complete: somebody writes for hours, or a companion never comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shopfloor.domain.file import FileRecord, FileState, Reason
from shopfloor.domain.numbers import count, exact
from shopfloor.runtime.context import Context
from shopfloor.runtime.unresolved_alert import raise_alert, resolve, unresolved, update
from shopfloor.store import alerts, files
from shopfloor.store.rows import Query
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
        self._reported: dict[str, Stuck] = {}

    def report(self, stuck: Sequence[Stuck]) -> None:
        """`stuck` are all such files now. The alert of a dataset is resolved when no record of it says so any more."""
        now = {one.id: one for one in stuck}
        fresh = [one for id, one in now.items() if id not in self._reported]
        gone = [id for id in self._reported if id not in now]
        over = self._context.store.read(_over)

        def change(transaction: Transaction) -> None:
            _mark(transaction, fresh)
            _unmark(transaction, gone)
            for subject in sorted(over - {one.dataset for one in stuck}):
                resolve(transaction, subject, STALLED)
            for subject in sorted({one.dataset for one in fresh}):
                _alert(transaction, subject, stuck, self._minutes)

        if fresh or gone or over:
            self._context.store.write(change)
        self._reported = now

    @property
    def _minutes(self) -> float:
        return self._context.settings.intake.stalled_minutes


def since(file: FileRecord, waiting: str) -> str:
    """The alert's sentence about a file that does not settle."""
    return f"It has been incomplete since {file.seen_at:%Y-%m-%d %H:%M:%S} UTC: {waiting}."


def _mark(transaction: Transaction, fresh: Sequence[Stuck]) -> None:
    waiting = {one.id: one.waiting for one in fresh}
    rows = []
    for row in files.ledger(transaction, list(waiting)):
        message = since(row.file, waiting[row.file.id])
        reason = Reason(code=STALLED, message=message, hint="Check its sender. Nothing of it has been ingested yet.")
        file = msgspec.structs.replace(row.file, state=FileState.WAITING, reason=reason)
        rows.append(msgspec.structs.replace(row, file=file))
        transaction.emit(
            "file.stalled", file.dataset, f"{file.path} is still incomplete. {message}", data={"file": file.id}
        )
    files.put_many(transaction, rows)


def _unmark(transaction: Transaction, gone: Sequence[str]) -> None:
    for row in files.ledger(transaction, gone):
        if _stalls(row.file):
            file = msgspec.structs.replace(row.file, state=FileState.SETTLING, reason=None)
            files.put(transaction, msgspec.structs.replace(row, file=file))


def _over(query: Query) -> set[str]:
    """Datasets with an alert and without a stalled file, alerts of an earlier engine included."""
    alerted = {alert.subject for alert in alerts.unresolved_of(query, STALLED)}
    if not alerted:
        return alerted
    return alerted - {row.file.dataset for row in files.in_states(query, [FileState.WAITING]) if _stalls(row.file)}


def _stalls(file: FileRecord) -> bool:
    return file.state is FileState.WAITING and file.reason is not None and file.reason.code == STALLED


def _alert(transaction: Transaction, subject: str, stuck: Sequence[Stuck], minutes: float) -> None:
    """Open the alert of a dataset, or say in it how many files there are now."""
    mine = [one for one in stuck if one.dataset == subject]
    known = unresolved(transaction, subject, STALLED)
    if known is None:
        _open(transaction, subject, mine, minutes)
    else:
        update(transaction, known, value=float(len(mine)))


def _open(transaction: Transaction, subject: str, mine: Sequence[Stuck], minutes: float) -> None:
    first = files.ledger(transaction, [mine[0].id])[0].file
    others = f" and {count(len(mine) - 1)} more have" if len(mine) > 1 else " has"
    raise_alert(
        transaction,
        subject,
        STALLED,
        f"{first.path}{others} been incomplete for {exact(minutes)} minutes.",
        f"{since(first, mine[0].waiting)} Check the job that delivers it: shopfloor file why {first.path}",
        value=float(len(mine)),
    )
