"""Drop folders that the engine cannot use: links, and folders of other users."""

from __future__ import annotations

from collections.abc import Mapping

from shopfloor.runtime.context import Context
from shopfloor.runtime.unresolved_alert import raise_alert, resolve, unresolved
from shopfloor.store import alerts
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import FOLDER, FolderError


class FolderAlerts:
    """One alert for each dataset or model with such a folder; it goes when the folder can be used."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def report(self, faults: Mapping[str, FolderError]) -> bool:
        """`faults` are all of them now, by dataset or model. True when one is over."""
        alerted = {one.subject for one in self._context.store.read(lambda query: alerts.unresolved_of(query, FOLDER))}
        fresh = sorted(faults.keys() - alerted)
        over = sorted(alerted - faults.keys())

        def change(transaction: Transaction) -> None:
            for subject in over:
                resolve(transaction, subject, FOLDER)
            for subject in fresh:
                if unresolved(transaction, subject, FOLDER) is None:
                    fault = faults[subject]
                    raise_alert(transaction, subject, FOLDER, fault.message, fault.hint, value=1.0)

        if fresh or over:
            self._context.store.write(change)
        return bool(over)
