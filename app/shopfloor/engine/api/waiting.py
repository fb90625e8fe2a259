"""Answers that wait: the next event, and the moment when all work is done."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool

from shopfloor.domain.event import Event
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.page import Page
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.workspace import AwaitIdle, IdleReport
from shopfloor.domain.status import FileCounts, JobCounts
from shopfloor.engine.api.unresolved import unresolved
from shopfloor.engine.services import EngineServices
from shopfloor.intake.contract import live
from shopfloor.store import events, files, jobs
from shopfloor.store.rows import Query

_LONGEST_WAIT = 60.0
_SHOWN = 20


async def next_events(services: EngineServices, request: EventList) -> Page[Event]:
    """Events after a number; waits for the first one if requested."""
    store = services.context.store
    if request.tail <= 0 and request.wait_s > 0:
        await services.context.stream.wait(
            min(request.wait_s, _LONGEST_WAIT),
            lambda: store.last_seq > request.after or services.context.stopping.is_set(),
        )

    def query(reader: Query) -> Page[Event]:
        if request.tail > 0:
            found = events.tail(reader, request.tail, request.subject)
        else:
            found = events.after(reader, request.after, request.limit, request.subject)
        return Page(rows=tuple(found), total=events.total(reader, request.subject), seq=store.last_seq)

    return await run_in_threadpool(store.read, query)


async def await_idle(services: EngineServices, request: AwaitIdle) -> IdleReport:
    """Look at the drop folders, then wait until nothing is left to do."""
    await run_in_threadpool(_scan, services)
    report = await run_in_threadpool(idle_report, services)
    loop_seconds = min(request.wait_s, _LONGEST_WAIT)
    clock = services.context.clock
    deadline = clock.monotonic() + loop_seconds
    while not report.idle and clock.monotonic() < deadline:
        seen, busy = services.context.store.last_seq, services.pool.busy()

        def moved(since: int = seen, then: int = busy) -> bool:
            return services.context.store.last_seq > since or services.pool.busy() < then

        await services.context.stream.wait(min(0.5, deadline - clock.monotonic()), moved)
        report = await run_in_threadpool(idle_report, services)
        if report.idle:  # a file may have arrived since the first scan
            await run_in_threadpool(_scan, services)
            report = await run_in_threadpool(idle_report, services)
    return report


def _scan(services: EngineServices) -> None:
    """Everything that arrived is on its way: dropped files, grown files, posted rows, queries that were written."""
    live.refresh_all(services.context)
    services.watch.scan_now()
    services.streams.roll()


def idle_report(services: EngineServices) -> IdleReport:
    """What is still to be done."""

    def query(reader: Query) -> tuple[JobCounts, FileCounts, list[JobRecord]]:
        work = jobs.counts(reader)
        # While something is left to do, what failed may still be made good.
        failed = [] if work.queued or work.running else unresolved(services, reader)
        return work, files.counts(reader), failed

    work, found, failed = services.context.store.read(query)
    # Asked after the store: what it no longer calls running has then left its slot, too, or is counted here.
    running = max(work.running, services.pool.busy())
    waiting = found.waiting + services.streams.waiting()
    return IdleReport(
        idle=not (work.queued or running or waiting),
        unsettled_files=waiting,
        queued_jobs=work.queued,
        running_jobs=running,
        quarantined_files=found.quarantined,
        failed=tuple(failed[:_SHOWN]),
        problems=() if running or _goes_on(services, work) else services.context.degraded.hindrances(),
    )


def _goes_on(services: EngineServices, work: JobCounts) -> bool:
    """Whether queued jobs will be done, and not wait for what only a person can mend."""
    return work.queued > 0 and not services.context.degraded.holds_back(JobKind.TRAIN)
