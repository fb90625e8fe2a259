"""A runner: one thread of the engine that does one job at a time in a worker process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.numbers import exact
from shopfloor.domain.wire import WireError, describe
from shopfloor.runtime.call import Call, Failure, Progress, Result
from shopfloor.runtime.context import Context
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.job_queue import JobQueue
from shopfloor.runtime.worker import Worker, WorkerDied
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import FOLDER, blame

_LOG = logging.getLogger("shopfloor.jobs")
_PERSIST_SECONDS = 2.0
_FULL = "disk_full"  # nobody's fault and not for ever: the job waits until it can be done
_PATIENCE_SECONDS = 30.0
_LATE = "Give it fewer rows, or raise engine.job_timeout_minutes."


class JobRunner:
    """Claims, prepares, calls, publishes and commits, one job after another."""

    def __init__(
        self,
        context: Context,
        queue: JobQueue,
        worker_class: WorkerClass,
        handlers: Mapping[JobKind, Handler],
        start: Callable[[WorkerClass], Worker],
    ) -> None:
        self._context = context
        self._queue = queue
        self._worker_class = worker_class
        self._handlers = handlers
        self._start = start
        self._worker: Worker | None = None
        self._cancelled = threading.Event()
        self._late = threading.Event()
        self._persisted = 0.0
        self.job: JobRecord | None = None
        self._thread = threading.Thread(target=self._loop, name=f"runner-{worker_class}", daemon=True)

    @property
    def worker_class(self) -> WorkerClass:
        """Which kind of worker this runner holds."""
        return self._worker_class

    def start(self) -> None:
        """Begin to claim jobs."""
        self._thread.start()

    def warm(self) -> None:
        """Start the worker ahead of a job that will come soon."""
        if self.job is None and (self._worker is None or not self._worker.alive):
            self._worker = self._start(self._worker_class)

    def cancel(self) -> None:
        """Kill the worker; the job ends as cancelled."""
        self._cancelled.set()
        if self._worker is not None:
            self._worker.kill()

    def beat(self) -> None:
        """The job is alive as long as its worker is; one that runs too long is ended."""
        job, worker = self.job, self._worker
        if job is None or job.started_at is None or worker is None or not worker.alive:
            return
        now = self._context.clock.now()
        if now - job.started_at > timedelta(minutes=self._context.settings.engine.job_timeout_minutes):
            self._late.set()
            worker.kill()
            return
        self._keep(msgspec.structs.replace(job, heartbeat_at=now))

    def stop(self) -> None:
        """Kill the worker and end; the job is parked for the next engine."""
        if self._worker is not None:
            self._worker.kill()
        self._thread.join(timeout=5.0)

    def _loop(self) -> None:
        while not self._context.stopping.is_set():
            job = self._queue.claim(self._worker_class, self._context.settings.engine.idle_worker_seconds)
            if job is None:
                self._dismiss()
                continue
            self.job = job
            self._cancelled.clear()
            self._late.clear()
            try:
                self._do(job)
            except Exception:  # noqa: BLE001 - the boundary of the runner: one bad job must not end the engine
                _LOG.exception("job %s could not be recorded", job.id)
            finally:
                self.job = None
                self._queue.wake()
                self._context.stream.nudge()

    def _dismiss(self) -> None:
        """An idle worker costs memory: end it."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _do(self, job: JobRecord) -> None:
        handler = self._handlers[job.kind]
        try:
            task = handler.prepare(self._context, job)
            if task is None:
                self._finish(job, handler, None, nothing=True)
                return
            answer = self._call(job, Call(task=task.name, spec=msgspec.to_builtins(task.spec), log=str(self._log(job))))
            if isinstance(answer, Failure):
                self._fail(job, handler, answer.error)
            else:
                self._finish(job, handler, answer, nothing=False)
        except WorkerDied as death:
            self._bury(job, handler, str(death))
        except OSError as error:
            _LOG.exception("job %s failed in the engine", job.id)
            self._fail(job, handler, describe(blame(error, self._context.layout.root)))
        except Exception as error:  # noqa: BLE001 - the boundary of a job: it fails with a sentence, the log has the trace
            if not isinstance(error, ShopfloorError):
                _LOG.exception("job %s failed in the engine", job.id)
            self._fail(job, handler, describe(error))

    def _log(self, job: JobRecord) -> Path:
        return self._context.layout.job_logs / f"{job.id}.log"

    def _call(self, job: JobRecord, call: Call) -> Result | Failure:
        if self._worker is None or not self._worker.alive:
            self._dismiss()
            self._worker = self._start(self._worker_class)
        self.job = msgspec.structs.replace(job, pid=self._worker.pid)
        return self._worker.call(call, self._note)

    def _note(self, progress: Progress) -> None:
        assert self.job is not None
        now = self._context.clock.now()
        self.job = msgspec.structs.replace(self.job, progress=progress.fraction, stage=progress.stage, heartbeat_at=now)
        if self._context.clock.monotonic() - self._persisted > _PERSIST_SECONDS:
            self._persisted = self._context.clock.monotonic()
            self._keep(self.job)

    def _keep(self, job: JobRecord) -> None:
        """Persist how far a job is, unless it has ended meanwhile."""

        def change(transaction: Transaction) -> None:
            if jobs.get(transaction, job.id).state is JobState.RUNNING:
                jobs.put(transaction, job)

        self._context.store.submit(change)

    def _finish(self, job: JobRecord, handler: Handler, answer: Result | None, *, nothing: bool) -> None:
        value = answer.value if answer is not None else None
        published = None if nothing else handler.publish(self._context, job, value)
        ended = self._ended(job, JobState.SUCCEEDED)

        def commit(transaction: Transaction) -> None:
            result = {} if nothing else handler.commit(self._context, transaction, job, published)
            jobs.put(transaction, msgspec.structs.replace(ended, result=result, progress=1.0))
            transaction.emit(
                "job.finished",
                job.subject,
                f"{job.kind} {job.id} of {job.subject} finished",
                data={"job": job.id, **result},
            )

        self._context.store.write(commit)
        if not nothing:
            self._settle(job, handler, published)

    def _settle(self, job: JobRecord, handler: Handler, published: Any) -> None:
        """The job has succeeded, whatever happens now: what is left to do is done by the next start or doctor."""
        try:
            handler.settle(self._context, job, published)
        except Exception:  # noqa: BLE001 - after the commit nothing may change what the job is
            _LOG.exception("job %s is done, but not all was put away after it", job.id)

    def _fail(self, job: JobRecord, handler: Handler, error: WireError) -> None:
        if self._cancelled.is_set():
            self._cancel_now(job, handler)
            return
        sentence = f"{error.message} {error.hint}".strip()
        if error.code == _FULL or (error.code == FOLDER and job.payload.get("files")):
            self._postpone(job, sentence)
            return
        ended = msgspec.structs.replace(self._ended(job, JobState.FAILED), error=sentence)

        def commit(transaction: Transaction) -> None:
            handler.failed(self._context, transaction, job, error)
            jobs.put(transaction, ended)
            transaction.emit(
                "job.failed",
                job.subject,
                f"{job.kind} {job.id} of {job.subject} failed: {sentence}",
                data={"job": job.id, "code": error.code},
            )

        try:
            self._context.store.write(commit)
        except OSError as trouble:  # there is no place to put its files away: they wait for one
            self._postpone(job, str(blame(trouble, self._context.layout.root)))

    def _postpone(self, job: JobRecord, why: str) -> None:
        """Nobody's fault and not for ever: the job waits until it can be done, and its log says for what."""
        with self._log(job).open("a", encoding="utf-8") as log:
            log.write(f"{why}\n")
        self._again(job, why, timedelta(seconds=_PATIENCE_SECONDS), attempts=job.attempts - 1)

    def _bury(self, job: JobRecord, handler: Handler, epitaph: str) -> None:
        """A worker died: cancelled, parked by a shutdown, retried, or lost after too many starts."""
        if self._cancelled.is_set():
            self._cancel_now(job, handler)
        elif self._late.is_set():
            limit = self._context.settings.engine.job_timeout_minutes
            late = f"It ran longer than {exact(limit)} minutes."
            self._fail(job, handler, WireError(message=late, hint=_LATE, code="timeout"))
        elif self._context.stopping.is_set():
            return  # stays `running` of this epoch: the next engine takes it up
        elif job.attempts < job.max_attempts:
            wait = timedelta(seconds=0.5 * 4 ** (job.attempts - 1))
            self._again(job, epitaph, wait, attempts=job.attempts)
        else:
            error = WireError(
                message=f"Its worker died {job.attempts} times; last, {epitaph}.",
                hint=f"Its log: shopfloor job log {job.id}",
                code="worker_died",
            )
            lost = msgspec.structs.replace(self._ended(job, JobState.LOST), error=error.message)

            def lose(transaction: Transaction) -> None:
                handler.failed(self._context, transaction, job, error)
                jobs.put(transaction, lost)
                transaction.emit(
                    "job.lost",
                    job.subject,
                    f"{job.kind} {job.id} of {job.subject} is lost: {error.message}",
                    data={"job": job.id},
                )

            self._context.store.write(lose)

    def _again(self, job: JobRecord, why: str, wait: timedelta, *, attempts: int) -> None:
        """Queue the job again, to be tried after `wait`."""
        retry = msgspec.structs.replace(
            job,
            state=JobState.QUEUED,
            not_before=self._context.clock.now() + wait,
            error=why,
            pid=None,
            attempts=attempts,
        )

        def requeue(transaction: Transaction) -> None:
            jobs.put(transaction, retry)
            transaction.emit(
                "job.retried",
                job.subject,
                f"{job.kind} {job.id} of {job.subject} is retried: {why}",
                data={"job": job.id},
            )

        self._context.store.write(requeue)

    def _cancel_now(self, job: JobRecord, handler: Handler) -> None:
        error = WireError(message="Cancelled by a person.", code="cancelled")

        def commit(transaction: Transaction) -> None:
            handler.failed(self._context, transaction, job, error)
            jobs.put(transaction, self._ended(job, JobState.CANCELLED))
            transaction.emit(
                "job.cancelled", job.subject, f"{job.kind} {job.id} of {job.subject} cancelled", data={"job": job.id}
            )

        self._context.store.write(commit)

    def _ended(self, job: JobRecord, state: JobState) -> JobRecord:
        return msgspec.structs.replace(job, state=state, finished_at=self._context.clock.now(), pid=None)
