"""All runners of the engine: start, warm, cancel, stop, and what they are doing right now."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence

import msgspec

from shopfloor.domain.errors import StoreError
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.numbers import whole_percent
from shopfloor.runtime import orphans
from shopfloor.runtime.adhoc_worker import AdHocWorker
from shopfloor.runtime.cancellation import cancel
from shopfloor.runtime.context import Context
from shopfloor.runtime.fork_server import ForkServer
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.job_queue import JobQueue
from shopfloor.runtime.job_runner import JobRunner
from shopfloor.runtime.transition import Transition, move
from shopfloor.runtime.worker import WarmUp, Worker
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import models
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import blame

_LOG = logging.getLogger("shopfloor.jobs")


class WorkerPool:
    """One light runner for parsing, one heavy runner for each worker of the settings."""

    def __init__(
        self,
        context: Context,
        handlers: Mapping[JobKind, Handler],
        warm_ups: Mapping[WorkerClass, Sequence[WarmUp]],
        fork_server: ForkServer,
    ) -> None:
        self._context = context
        self._handlers = handlers
        classes = {kind: handler.worker_class for kind, handler in handlers.items()}
        self._queue = JobQueue(context, classes, self._ready)

        def start(worker_class: WorkerClass) -> Worker:
            return Worker(worker_class, warm_ups[worker_class], fork_server)

        self.adhoc = AdHocWorker(context.clock, str(context.layout.job_logs / "adhoc.log"), WorkerClass.HEAVY, start)
        # Looking into parts needs neither scikit-learn nor to wait for who needs it.
        self.light_adhoc = AdHocWorker(
            context.clock, str(context.layout.job_logs / "adhoc-light.log"), WorkerClass.LIGHT, start
        )
        heavy = context.settings.engine.workers or os.cpu_count() or 1
        self._runners = [JobRunner(context, self._queue, WorkerClass.LIGHT, handlers, start)]
        self._runners += [JobRunner(context, self._queue, WorkerClass.HEAVY, handlers, start) for _ in range(heavy)]

    def start(self) -> None:
        """Begin to work."""
        for runner in self._runners:
            runner.start()

    def warm(self) -> None:
        """Files are settling: start one worker of each class that they will need while they do.

        Without a model nothing needs a heavy one.
        """
        has_models = bool(self._context.store.read(models.names))
        for worker_class in WorkerClass if has_models else (WorkerClass.LIGHT,):
            runners = [runner for runner in self._runners if runner.worker_class is worker_class]
            if all(runner.job is None for runner in runners):
                runners[0].warm()

    def beat(self) -> None:
        """Refresh the heartbeat of every running job, end those that run too long, and take up the orphans."""
        for runner in self._runners:
            runner.beat()
        try:
            orphans.adopt(self._context, self._handlers, self.held, "because its end could not be stored")
        except StoreError as error:
            _LOG.warning("jobs whose end could not be stored wait: %s", error)

    def _ready(self, worker_class: WorkerClass) -> int:
        return sum(runner.ready for runner in self._runners if runner.worker_class is worker_class)

    def held(self) -> set[str]:
        """The jobs that runners hold, also one that is recorded as done and whose originals are still put away."""
        return {job.id for runner in self._runners if (job := runner.job) is not None}

    def live(self, job: JobRecord) -> JobRecord:
        """The job with the progress that is not in the store yet."""
        for runner in self._runners:
            current = runner.job
            if current is not None and current.id == job.id and job.state.held:
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

    def cancel(self, transaction: Transaction, job: JobRecord, *, actor: str) -> JobRecord:
        """End a queued job; tell a running one to end, as `interrupt` then makes it do at once.

        Raises `FolderError` or `StoreError` where the files of a queued job cannot be put away.
        """
        if job.state is not JobState.QUEUED:
            return move(transaction, job.id, Transition.REQUEST_CANCEL, actor=actor)
        try:
            return cancel(self._context, self._handlers, transaction, job.id, actor=actor)
        except OSError as error:
            raise blame(error, self._context.layout.root) from error

    def interrupt(self, id: str) -> None:
        """Kill the worker of a job; its runner then finds out why."""
        for runner in self._runners:
            if runner.job is not None and runner.job.id == id:
                runner.interrupt()

    def stop(self) -> None:
        """End all workers; running jobs are taken up by the next engine."""
        self._queue.wake()
        self.adhoc.close()
        self.light_adhoc.close()
        for runner in self._runners:
            runner.stop()
