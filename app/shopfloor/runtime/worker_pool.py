"""All runners of the engine: start, warm, cancel, stop, and what they are doing right now."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.numbers import whole_percent
from shopfloor.runtime.adhoc_worker import AdHocWorker
from shopfloor.runtime.context import Context
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.job_queue import JobQueue
from shopfloor.runtime.job_runner import JobRunner
from shopfloor.runtime.worker import WarmUp, Worker
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction

_PAUSE = timedelta(seconds=10)


class WorkerPool:
    """One light runner for parsing, one heavy runner for each worker of the settings."""

    def __init__(
        self,
        context: Context,
        handlers: Mapping[JobKind, Handler],
        warm_ups: Mapping[WorkerClass, Sequence[WarmUp]],
    ) -> None:
        self._context = context
        self._queue = JobQueue(context, {kind: handler.worker_class for kind, handler in handlers.items()})

        def start(worker_class: WorkerClass) -> Worker:
            return Worker(worker_class, warm_ups[worker_class])

        self.adhoc = AdHocWorker(context.clock, str(context.layout.job_logs / "aside.log"), WorkerClass.HEAVY, start)
        # Looking into parts needs neither scikit-learn nor to wait for who needs it.
        self.light_adhoc = AdHocWorker(
            context.clock, str(context.layout.job_logs / "look.log"), WorkerClass.LIGHT, start
        )
        heavy = context.settings.engine.workers or os.cpu_count() or 1
        self._runners = [JobRunner(context, self._queue, WorkerClass.LIGHT, handlers, start)]
        self._runners += [JobRunner(context, self._queue, WorkerClass.HEAVY, handlers, start) for _ in range(heavy)]

    def start(self) -> None:
        """Begin to work."""
        for runner in self._runners:
            runner.start()

    def warm(self) -> None:
        """Files are settling: start one worker of each worker_class while they do."""
        for worker_class in WorkerClass:
            runners = [runner for runner in self._runners if runner.worker_class is worker_class]
            if all(runner.job is None for runner in runners):
                runners[0].warm()

    def beat(self) -> None:
        """Refresh the heartbeat of every running job, and end those that run too long."""
        for runner in self._runners:
            runner.beat()

    def live(self, job: JobRecord) -> JobRecord:
        """The job with the progress that is not in the store yet."""
        for runner in self._runners:
            current = runner.job
            if current is not None and current.id == job.id and job.state is JobState.RUNNING:
                return msgspec.structs.replace(
                    job,
                    progress=current.progress,
                    stage=current.stage,
                    pid=current.pid,
                    heartbeat_at=max(filter(None, (current.heartbeat_at, job.heartbeat_at)), default=None),
                )
        return job

    def running(self) -> tuple[str, ...]:
        """A short line for each running job."""
        lines = []
        for runner in self._runners:
            job = runner.job
            if job is not None:
                share = f" {whole_percent(job.progress)}" if job.progress else ""
                lines.append(f"{job.kind} {job.subject}{share}")
        return tuple(lines)

    def busy(self) -> int:
        """How many runners have a job, also one that is recorded as done and whose originals are still put away."""
        return sum(runner.job is not None for runner in self._runners)

    def cancel(self, id: str) -> bool:
        """Kill the worker of a running job; False when no runner has it."""
        for runner in self._runners:
            if runner.job is not None and runner.job.id == id:
                runner.cancel()
                return True
        return False

    def stop(self) -> None:
        """End all workers; running jobs are taken up by the next engine."""
        self._queue.wake()
        self.adhoc.close()
        self.light_adhoc.close()
        for runner in self._runners:
            runner.stop()


def adopt_orphans(transaction: Transaction, epoch: int) -> list[JobRecord]:
    """Queue again what an earlier engine left running; it is known to be dead, as we hold its lock.

    The death of an engine is not held against a job: files that wait for one would wait for ever. A job
    that many engines died with pauses, so that one that kills them leaves time to look at it.
    """
    adopted = []
    for job in jobs.orphans(transaction, epoch):
        suspect = job.attempts >= job.max_attempts + 2
        again = msgspec.structs.replace(
            job,
            state=JobState.QUEUED,
            pid=None,
            progress=None,
            attempts=0 if suspect else job.attempts,
            not_before=transaction.now + _PAUSE if suspect else None,
        )
        jobs.put(transaction, again)
        pause = f", in {_PAUSE.seconds} s: {job.attempts} engines died while running it" if suspect else ""
        transaction.emit(
            "job.adopted",
            job.subject,
            f"{job.kind} {job.id} of {job.subject} resumes after a restart{pause}",
            data={"job": job.id},
        )
        adopted.append(again)
    return adopted
