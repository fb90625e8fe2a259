"""Definitions that cannot be read: they are told, and what came meanwhile is caught up with once they can be again."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from shopfloor.domain.event import Event
from shopfloor.runtime.context import Context
from shopfloor.runtime.line import DefinitionMended
from shopfloor.store import events
from shopfloor.store.transaction import Transaction

INVALID, MENDED = "model.invalid", "model.mended"
_NOTICED = timedelta(seconds=10)
"""So long before it was told the file may have been unreadable; what is considered twice is done once."""


class UnreadableDefinitions:
    """What was told last, by model. The event log is the memory, so that nothing is missed over a restart."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told: dict[str, Event] | None = None

    def __call__(self) -> None:
        """Tell of definitions that became unreadable, or for another reason, and follow up those that were mended."""
        if self._told is None:
            found = self._context.store.read(lambda query: events.newest_of(query, (INVALID, MENDED)))
            self._told = {model: event for model, event in found.items() if event.kind == INVALID}
        readable, unreadable = self._context.readable_models()
        for model, message in unreadable.items():
            if model not in self._told or self._told[model].message != message:
                self._told[model] = self._context.store.write(partial(_tell, model=model, message=message))
        for model in self._told.keys() & readable:
            since = self._told[model].at - _NOTICED
            self._context.store.write(partial(self._follow_up, model=model, since=since))
            del self._told[model]

    def _follow_up(self, transaction: Transaction, model: str, since: datetime) -> None:
        transaction.emit(MENDED, model, f"The definition of {model} can be read again", data={})
        self._context.line.after(transaction, DefinitionMended(model, since))


def _tell(transaction: Transaction, model: str, message: str) -> Event:
    return transaction.emit(INVALID, model, message, data={})
