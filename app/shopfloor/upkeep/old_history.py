"""What rows were before their changes is kept for undo and as-of views, and not for ever: `retention.history_days`."""

from __future__ import annotations

from datetime import timedelta

from shopfloor.domain.numbers import exact
from shopfloor.domain.text import counted
from shopfloor.runtime.context import Context
from shopfloor.store import history
from shopfloor.store.transaction import Transaction


def forget_old_history(context: Context) -> int:
    """Drop the earlier rows of old changes, and say so; returns of how many events. The events stay."""
    days = context.settings.retention.history_days
    if days == 0:
        return 0
    before = context.clock.now() - timedelta(days=days)
    count = context.store.read(lambda query: history.old(query, before))
    if not count:
        return 0
    message = (
        f"The earlier rows of {counted(count, 'event')} are no longer kept: "
        f"older than {exact(days)} days (retention.history_days)"
    )
    data = {"events": count, "before": before}

    def change(transaction: Transaction) -> None:
        history.forget(transaction, before)
        transaction.emit("history.forgotten", "store", message, data=data)

    context.store.write(change)
    return count
