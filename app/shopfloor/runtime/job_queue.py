"""Which job is next: claimed in one transaction, never two of one kind on one subject at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from shopfloor.domain.event import Event
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.runtime.context import Context
from shopfloor.runtime.transition import Transition, move
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction


class JobQueue:
    """The queue as the job runners see it. Wakes them when a job is queued or ends."""

    def __init__(
        self, context: Context, classes: Mapping[JobKind, WorkerClass], ready: Callable[[WorkerClass], int]
    ) -> None:
        self._context = context
        self._classes = classes
        self._ready = ready
        self._changed = threading.Condition()
        self._marks = 0
        context.stream.listen(self._on_events)

    def wake(self) -> None:
        """Let every waiting runner check again."""
        with self._changed:
            self._marks += 1
            self._changed.notify_all()

    def claim(
        self,
        worker_class: WorkerClass,
        timeout: float,
        take: Callable[[JobRecord], None],
        is_ready: Callable[[], bool],
    ) -> JobRecord | None:
        """The next job of a worker class, marked as running; None after `timeout` seconds without one.

        `take` is called inside the transaction: a running job that no runner took is an orphan. A runner that is not
        `is_ready`, because its worker would have to start first, leaves a job to each one that is.
        """
        deadline = self._context.clock.monotonic() + timeout
        while not self._context.stopping.is_set():
            mark = self._marks
            job, wait = self._try(worker_class, take, lambda: 0 if is_ready() else self._ready(worker_class))
            if job is not None:
                return job
            left = deadline - self._context.clock.monotonic()
            if left <= 0:
                return None
            with self._changed:
                if self._marks == mark:
                    self._changed.wait(min(left, wait))
        return None

    def _try(
        self, worker_class: WorkerClass, take: Callable[[JobRecord], None], left_to_others: Callable[[], int]
    ) -> tuple[JobRecord | None, float]:
        """A claimed job, or how long until a postponed one is due.

        How many are `left_to_others` is asked again in the claim: the runner that just ended a job is ready for what
        was queued since.
        """
        waiting = self._context.store.read(jobs.queued)
        due_in = 3600.0
        now = self._context.clock.now()
        candidates = [job for job in waiting if self._classes[job.kind] is worker_class]
        for job in candidates:
            if job.not_before is not None and job.not_before > now:
                due_in = min(due_in, (job.not_before - now).total_seconds() + 0.01)
        if sum(job.not_before is None or job.not_before <= now for job in candidates) <= left_to_others():
            return None, due_in

        def claim(transaction: Transaction) -> JobRecord | None:
            job = self._claim(transaction, worker_class, now, left_to_others())
            if job is not None:
                take(job)
            return job

        return self._context.store.write(claim), due_in

    def _claim(
        self, transaction: Transaction, worker_class: WorkerClass, now: datetime, left_to_others: int = 0
    ) -> JobRecord | None:
        busy = {(job.kind, job.subject) for job in jobs.running(transaction)}
        waits = self._context.line.holds_back(transaction)
        for job in jobs.queued(transaction):
            if self._classes[job.kind] is not worker_class or (job.kind, job.subject) in busy or waits(job):
                continue
            if (job.not_before is not None and job.not_before > now) or self._context.degraded.holds_back(job.kind):
                continue
            if left_to_others > 0:
                left_to_others -= 1
                continue
            return move(
                transaction,
                job.id,
                Transition.START,
                attempts=job.attempts + 1,
                epoch=self._context.epoch,
                started_at=now,
                heartbeat_at=now,
                error=None,
                progress=0.0,
                stage="",
            )
        return None

    def _on_events(self, events: list[Event]) -> None:
        if any(event.kind.startswith(("job.", "engine.")) for event in events):
            self.wake()


def end_pauses(transaction: Transaction) -> None:
    """What hindered jobs is over: those that wait for their next try are tried now."""
    for job in jobs.queued(transaction):
        if job.not_before is not None:
            jobs.put(transaction, msgspec.structs.replace(job, not_before=None))
