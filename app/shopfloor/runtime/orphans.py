"""Jobs that run in the store and that no runner holds: an engine died, or their end could not be stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import partial

from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.runtime.cancellation import cancel
from shopfloor.runtime.context import Context
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.transition import Transition, move
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction

_LOG = logging.getLogger("shopfloor.jobs")
_PAUSE = timedelta(seconds=10)

Held = Callable[[], Collection[str]]
"""The jobs that runners hold. Asked inside a transaction, where no job can be claimed at the same time."""


def adopt(context: Context, handlers: Mapping[JobKind, Handler], held: Held, why: str) -> list[JobRecord]:
    """Queue the orphans again, and end those that somebody cancelled; `why` ends the sentence that tells of it."""
    found = context.store.read(jobs.running)
    if all(job.id in held() for job in found):
        return []
    for job in found:
        if job.state is JobState.CANCELLING:
            try:
                context.store.write(partial(_cancel, context, handlers, held, job.id))
            except Exception:  # noqa: BLE001 - one job must neither end the engine nor keep the others waiting
                _LOG.exception("job %s was cancelled, but its files cannot be put away now", job.id)
    return context.store.write(partial(_queue_again, held, why))


def _cancel(
    context: Context, handlers: Mapping[JobKind, Handler], held: Held, id: str, transaction: Transaction
) -> None:
    if id not in held() and jobs.get(transaction, id).state is JobState.CANCELLING:
        cancel(context, handlers, transaction, id)


def _queue_again(held: Held, why: str, transaction: Transaction) -> list[JobRecord]:
    """The death of an engine is not held against a job: files that wait for one would wait for ever. A job
    that many engines died with pauses, so that one that kills them leaves time to look at it.
    """
    taken = held()
    orphans = [job for job in jobs.running(transaction) if job.id not in taken and job.state is not JobState.CANCELLING]
    return [_again(transaction, job, why) for job in orphans]


def _again(transaction: Transaction, job: JobRecord, why: str) -> JobRecord:
    suspect = job.attempts >= job.max_attempts + 2
    pause = f", in {_PAUSE.seconds} s: {job.attempts} engines died while running it" if suspect else ""
    return move(
        transaction,
        job.id,
        Transition.ADOPT,
        why=f" {why}{pause}",
        progress=None,
        attempts=0 if suspect else job.attempts,
        not_before=transaction.now + _PAUSE if suspect else None,
    )
