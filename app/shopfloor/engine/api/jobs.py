"""Answers about jobs."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
from starlette.concurrency import run_in_threadpool

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.page import Page
from shopfloor.domain.requests.jobs import JobCancel, JobList, JobLog, JobLogText, JobRetry, JobShow
from shopfloor.domain.text import safe
from shopfloor.engine.api.unresolved import unresolved
from shopfloor.engine.services import EngineServices
from shopfloor.runtime.job_log import log_path, tail
from shopfloor.runtime.transition import Transition, move
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction

_LONGEST_WAIT = 60.0
_LOOK_SECONDS = 0.3


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
    found = [job for job in services.context.store.read(partial(unresolved, services)) if _wanted(request, job)]
    shown = tuple(found[request.offset : request.offset + request.limit])
    return Page(rows=shown, total=len(found), offset=request.offset, seq=services.context.store.last_seq)


def _wanted(request: JobList, job: JobRecord) -> bool:
    words = f"{job.id} {job.kind} {job.subject} {job.state}".lower()
    named = job.kind == (request.kind or job.kind) and job.state == (request.state or job.state)
    return named and request.query.lower() in words


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


async def log(services: EngineServices, request: JobLog) -> JobLogText:
    """Lines of a job's log, made printable; waits for the first one if requested."""
    deadline = services.context.clock.monotonic() + min(request.wait_s, _LONGEST_WAIT)
    while True:
        found = await run_in_threadpool(_log, services, request)
        left = deadline - services.context.clock.monotonic()
        if found.lines or found.ended or left <= 0 or services.context.stopping.is_set():
            return found
        # A worker's own output makes no event: look again soon.
        await asyncio.sleep(min(left, _LOOK_SECONDS))


def _log(services: EngineServices, request: JobLog) -> JobLogText:
    job = services.context.store.read(lambda query: jobs.get(query, request.id))
    # A job is known to have ended before the last of its lines is read, so that none is missed.
    ended = job.state.ended and all(job.id != held for held in services.pool.held())
    text, end = tail(log_path(services.context.layout, job.id), request.after)
    lines = tuple(safe(line, 2000) for line in text.splitlines()[-1000:])
    return JobLogText(id=job.id, lines=lines, end=end, ended=ended)
