"""The end of a job that somebody cancelled."""

from __future__ import annotations

from collections.abc import Mapping

from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.wire import WireError
from shopfloor.runtime.context import Context
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.transition import Transition, move
from shopfloor.store.transaction import Transaction

_ERROR = WireError(message="Cancelled by a person.", code="cancelled")


def cancel(
    context: Context,
    handlers: Mapping[JobKind, Handler],
    transaction: Transaction,
    id: str,
    *,
    actor: str = "engine",
) -> JobRecord:
    """Cancel a job that no worker works on: its handler puts away what it was to work on.

    Raises `OSError` where its files cannot be put away; then nothing has changed.
    """
    cancelled = move(transaction, id, Transition.CANCEL, actor=actor)
    handlers[cancelled.kind].failed(context, transaction, cancelled, _ERROR)
    return cancelled
