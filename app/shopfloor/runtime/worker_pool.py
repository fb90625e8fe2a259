"""All slots of the engine: start, warm, cancel, stop, and what they are doing right now."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.runtime.adhoc_worker import Aside
from shopfloor.runtime.context import Context
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.job_queue import Board
from shopfloor.runtime.job_runner import Slot
from shopfloor.runtime.worker import WarmUp, Worker
from shopfloor.runtime.worker_class import Lane
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction

_PAUSE = timedelta(seconds=10)


class WorkFloor:
    """One light slot for parsing, one heavy slot for each worker of the settings."""

    def __init__(
        self,
        context: Context,
        handlers: Mapping[JobKind, Handler],
        warm_ups: Mapping[Lane, Sequence[WarmUp]],
    ) -> None:
        self._context = context
        self._board = Board(context, {kind: handler.lane for kind, handler in handlers.items()})

        def start(lane: Lane) -> Worker:
            return Worker(lane, warm_ups[lane])

        self.aside = Aside(context.clock, str(context.layout.job_logs / "aside.log"), Lane.HEAVY, start)
        # Looking into parts needs neither scikit-learn nor to wait for who needs it.
        self.look = Aside(context.clock, str(context.layout.job_logs / "look.log"), Lane.LIGHT, start)
        heavy = context.settings.engine.workers or os.cpu_count() or 1
        self._slots = [Slot(context, self._board, Lane.LIGHT, handlers, start)]
        self._slots += [Slot(context, self._board, Lane.HEAVY, handlers, start) for _ in range(heavy)]

    def start(self) -> None:
        """Begin to work."""
        for slot in self._slots:
            slot.start()

    def warm(self) -> None:
        """Files are settling: start one worker of each lane while they do."""
        for lane in Lane:
            slots = [slot for slot in self._slots if slot.lane is lane]
            if all(slot.job is None for slot in slots):
                slots[0].warm()

    def beat(self) -> None:
        """Refresh the heartbeat of every running job, and end those that run too long."""
        for slot in self._slots:
            slot.beat()

    def live(self, job: JobRecord) -> JobRecord:
        """The job with the progress that is not in the store yet."""
        for slot in self._slots:
            current = slot.job
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
        for slot in self._slots:
            job = slot.job
            if job is not None:
                share = f" {job.progress:.0%}" if job.progress else ""
                lines.append(f"{job.kind} {job.subject}{share}")
        return tuple(lines)

    def busy(self) -> int:
        """How many slots have a job, also one that is recorded as done and whose originals are still put away."""
        return sum(slot.job is not None for slot in self._slots)

    def cancel(self, id: str) -> bool:
        """Kill the worker of a running job; False when no slot has it."""
        for slot in self._slots:
            if slot.job is not None and slot.job.id == id:
                slot.cancel()
                return True
        return False

    def stop(self) -> None:
        """End all workers; running jobs are taken up by the next engine."""
        self._board.wake()
        self.aside.close()
        self.look.close()
        for slot in self._slots:
            slot.stop()


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
        pause = f", in {_PAUSE.seconds} s: {job.attempts} engines died with it" if suspect else ""
        transaction.emit(
            "job.adopted",
            job.subject,
            f"{job.kind} {job.id} of {job.subject} goes on after a restart{pause}",
            data={"job": job.id},
        )
        adopted.append(again)
    return adopted
