"""Answers about jobs."""

from __future__ import annotations

from functools import partial

import msgspec

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.page import Page
from shopfloor.domain.requests.jobs import JobCancel, JobList, JobLog, JobLogText, JobRetry, JobShow
from shopfloor.domain.text import safe
from shopfloor.engine.api.unresolved import unresolved
from shopfloor.engine.services import EngineServices
from shopfloor.runtime.transition import Transition, move
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction

_LOG_BYTES = 256 * 1024


def listing(services: EngineServices, request: JobList) -> Page[JobRecord]:
    """Jobs with their live progress."""
    if request.unresolved:
        return _unresolved(services, request)
    found = services.context.store.read(
        lambda query: jobs.listing(
            query,
            kind=request.kind,
            state=request.state,
            text=request.query,
            limit=request.limit,
            offset=request.offset,
        )
    )
    return msgspec.structs.replace(
        found, rows=tuple(map(services.pool.live, found.rows)), seq=services.context.store.last_seq
    )


def _unresolved(services: EngineServices, request: JobList) -> Page[JobRecord]:
    jobs = services.context.store.read(partial(unresolved, services))
    shown = tuple(jobs[request.offset : request.offset + request.limit])
    return Page(rows=shown, total=len(jobs), offset=request.offset, seq=services.context.store.last_seq)


def show(services: EngineServices, request: JobShow) -> JobRecord:
    """One job with its live progress."""
    return services.pool.live(services.context.store.read(lambda query: jobs.get(query, request.id)))


def cancel(services: EngineServices, request: JobCancel) -> JobRecord:
    """A queued job ends at once, a running one when its worker is dead, however far it is."""

    def change(transaction: Transaction) -> JobRecord:
        job = jobs.get(transaction, request.id)
        if job.state in {JobState.CANCELLED, JobState.CANCELLING}:
            return job
        if job.state.ended:
            raise RefusedError(
                f"Job {job.id} has already ended: {job.state}.", hint="There is nothing to cancel.", code="ended"
            )
        return services.pool.cancel(transaction, job, actor=request.actor)

    job = services.mutate(request, change)
    if job.state is JobState.CANCELLING:
        services.pool.interrupt(job.id)
    return job


def retry(services: EngineServices, request: JobRetry) -> JobRecord:
    """Queue an ended job again, with its attempts counted from 0."""

    def change(transaction: Transaction) -> JobRecord:
        job = jobs.get(transaction, request.id)
        if not job.state.ended:
            raise RefusedError(
                f"Job {job.id} is {job.state}.", hint="Wait for its end, or cancel it.", code="not_ended"
            )
        if job.state is JobState.SUCCEEDED:
            # Its effects exist; a second run would have none, or unexpected ones.
            raise RefusedError(
                f"Job {job.id} has succeeded: there is nothing to retry.",
                hint="Only failed, cancelled or lost jobs can be retried; start new work with its own command.",
                code="succeeded",
            )
        return move(
            transaction,
            job.id,
            Transition.QUEUE_AGAIN,
            actor=request.actor,
            attempts=0,
            error=None,
            result=None,
            not_before=None,
        )

    return services.mutate(request, change)


def log(services: EngineServices, request: JobLog) -> JobLogText:
    """The last lines of a worker's log, made printable."""
    job = services.context.store.read(lambda query: jobs.get(query, request.id))
    path = services.context.layout.job_logs / f"{job.id}.log"
    try:
        with path.open("rb") as handle:
            handle.seek(0, 2)
            handle.seek(max(0, handle.tell() - _LOG_BYTES))
            text = handle.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    return JobLogText(id=job.id, lines=tuple(safe(line, 2000) for line in text.splitlines()[-1000:]))
