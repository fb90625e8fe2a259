"""Rejected rows are kept for people who mend them, and not for ever: `retention.rejects_days`."""

from __future__ import annotations

from datetime import timedelta

from shopfloor.domain.numbers import exact
from shopfloor.domain.text import counted
from shopfloor.runtime.context import Context
from shopfloor.store import rejects
from shopfloor.store.transaction import Transaction


def forget_old_rejects(context: Context) -> int:
    """Drop kept rejects of files that were decided long ago, and say so; returns how many rows.

    Those of a file that still waits for somebody stay, however old it is: they are the work list. The
    counts of each file stay in any case.
    """
    days = context.settings.retention.rejects_days
    if days == 0:
        return 0
    before = context.clock.now() - timedelta(days=days)
    if not context.store.read(lambda query: rejects.old(query, before)):
        return 0
    return context.store.write(lambda transaction: _forget(transaction, days))


def _forget(transaction: Transaction, days: float) -> int:
    before = transaction.now - timedelta(days=days)
    found = rejects.old(transaction, before)
    rejects.forget(transaction, before)
    for dataset, files, rows in found:
        transaction.emit(
            "rejects.forgotten",
            dataset,
            f"{counted(rows, 'rejected row')} of {counted(files, 'file')} of {dataset} "
            f"{'is' if rows == 1 else 'are'} no longer kept: "
            f"older than {exact(days)} days (retention.rejects_days). The files' counts stay",
            data={"files": files, "rows": rows},
        )
    return sum(rows for _, _, rows in found)
