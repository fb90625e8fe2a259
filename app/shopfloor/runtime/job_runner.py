"""A runner: one thread of the engine that does one job at a time in a worker process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from shopfloor.domain.errors import ShopfloorError, StoreError
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.numbers import duration, exact
from shopfloor.domain.wire import WireError, describe
from shopfloor.runtime import damage
from shopfloor.runtime.back_off import pause
from shopfloor.runtime.call import Call, Failure, Progress, Result
from shopfloor.runtime.cancellation import cancel
from shopfloor.runtime.context import Context, Hindrance
from shopfloor.runtime.failure import blamed
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.job_log import JobLogFile, log_path
from shopfloor.runtime.job_queue import JobQueue
from shopfloor.runtime.transition import Transition, move
from shopfloor.runtime.worker import Worker, WorkerDied
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import REFUSED_BY_SYSTEM, blame

_LOG = logging.getLogger("shopfloor.jobs")
_PERSIST_SECONDS = 2.0
_FULL = "disk_full"  # nobody's fault and not for ever: the job waits until it can be done
_LONGEST_DELAY_SECONDS = 30.0
_CLAIM_SECONDS = 5.0  # before the next try after a failed claim
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
        self._late = threading.Event()
        self._persisted = 0.0
        self.job: JobRecord | None = None
        self._thread = threading.Thread(target=self._loop, name=f"runner-{worker_class}", daemon=True)

    @property
    def worker_class(self) -> WorkerClass:
        """Which kind of worker this runner holds."""
        return self._worker_class

    @property
    def ready(self) -> bool:
        """Whether it waits for a job with a worker that is there."""
        worker = self._worker
        return self.job is None and worker is not None and worker.alive

    def start(self) -> None:
        """Begin to claim jobs."""
        self._thread.start()

    def warm(self) -> None:
        """Start the worker ahead of a job that will come soon."""
        if self.job is None and not self.ready:
            self._worker = self._start(self._worker_class)

    def interrupt(self) -> None:
        """Kill the worker; the job's record decides how it ends."""
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
            job = self._claim()
            if job is None:
                self._dismiss()
                continue
            self._late.clear()
            try:
                self._do(job, self._handlers[job.kind])
            except Exception as error:  # noqa: BLE001 - the boundary of the runner: one bad job must not end the engine
                _LOG.exception("job %s could not be recorded", job.id)
                self._give_up(job, error)
            finally:
                self.job = None
                self._queue.wake()
                self._context.stream.nudge()

    def _claim(self) -> JobRecord | None:
        try:
            idle = self._context.settings.engine.idle_worker_seconds
            return self._queue.claim(self._worker_class, idle, self._take, lambda: self.ready)
        except Exception:  # noqa: BLE001 - the boundary of the runner: it must outlive a store that cannot be written now
            _LOG.exception("no job can be claimed now")
            self.job = None
            self._context.stopping.wait(_CLAIM_SECONDS)
            return None

    def _take(self, job: JobRecord) -> None:
        self.job = job

    def _dismiss(self) -> None:
        """An idle worker costs memory: end it."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _do(self, job: JobRecord, handler: Handler) -> None:
        self._tell(job, f"Started: {job.trigger}" + (f" (start {job.attempts})" if job.attempts > 1 else ""))
        try:
            task = handler.prepare(self._context, job)
            if task is None:
                self._finish(job, handler, None, nothing=True)
                return
            answer = self._call(
                job,
                Call(
                    task=task.name, spec=msgspec.to_builtins(task.spec), log=str(log_path(self._context.layout, job.id))
                ),
            )
            if isinstance(answer, Failure):
                self._fail(job, handler, answer.error)
            else:
                self._finish(job, handler, answer, nothing=False)
        except WorkerDied as death:
            self._on_worker_death(job, handler, str(death))
        except Exception as error:  # noqa: BLE001 - the boundary of a job: it fails with a sentence, the log has the trace
            if not isinstance(error, ShopfloorError):
                _LOG.exception("job %s failed in the engine", job.id)
            self._fail(job, handler, describe(blamed(error, self._context.layout.root)))

    def _tell(self, job: JobRecord, *lines: str) -> None:
        JobLogFile(self._context.layout, job, self._context.clock).write(*lines)

    def _call(self, job: JobRecord, call: Call) -> Result | Failure:
        if self._worker is None or not self._worker.alive:
            self._dismiss()
            self._worker = self._start(self._worker_class)
        self.job = msgspec.structs.replace(job, pid=self._worker.pid)
        # A cancellation before the worker started killed nobody; a later one kills the worker.
        if self._context.store.read(lambda query: jobs.get(query, job.id)).state is JobState.CANCELLING:
            raise WorkerDied("the job was cancelled")
        return self._worker.call(call, self._note)

    def _note(self, progress: Progress) -> None:
        assert self.job is not None
        if progress.stage not in {"", "done", self.job.stage}:
            self._tell(self.job, f"{progress.stage} …")
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

    def _record(self, job: JobRecord, write: Callable[[Transaction], None]) -> bool:
        """Write what became of the job, unless somebody cancelled it meanwhile: then it ends so, and this is False."""

        def change(transaction: Transaction) -> bool:
            if jobs.get(transaction, job.id).state is JobState.CANCELLING:
                cancel(self._context, self._handlers, transaction, job.id)
                return False
            write(transaction)
            return True

        written = self._context.store.write(change)
        if not written:
            self._tell(job, "Cancelled")
        return written

    def _finish(self, job: JobRecord, handler: Handler, answer: Result | None, *, nothing: bool) -> None:
        value = answer.value if answer is not None else None
        published = None if nothing else handler.publish(self._context, job, value)

        def commit(transaction: Transaction) -> None:
            result = {} if nothing else handler.commit(self._context, transaction, job, published)
            move(transaction, job.id, Transition.FINISH, data=result, result=result, progress=1.0)

        if not self._record(job, commit):
            return
        if nothing:
            self._tell(job, "Done: there was nothing left to do")
            return
        self._report(job, handler, published)
        self._settle(job, handler, published)

    def _report(self, job: JobRecord, handler: Handler, published: Any) -> None:
        """What the job did stands in its log; that it cannot be told changes nothing about it."""
        taken = f"{duration((self._context.clock.now() - job.started_at).total_seconds())}" if job.started_at else ""
        try:
            self._tell(job, *handler.report(self._context, job, published), f"Succeeded after {taken}")
        except Exception:  # noqa: BLE001 - after the commit nothing may change what the job is
            _LOG.exception("job %s is done, but its log is incomplete", job.id)

    def _settle(self, job: JobRecord, handler: Handler, published: Any) -> None:
        """The job has succeeded; what fails from here on is repaired by the next start or the doctor."""
        try:
            handler.settle(self._context, job, published)
        except Exception:  # noqa: BLE001 - after the commit nothing may change what the job is
            _LOG.exception("job %s is done, but not all was put away after it", job.id)

    def _fail(self, job: JobRecord, handler: Handler, error: WireError) -> None:
        error = damage.explained_on_wire(self._context, error)
        if error.code == _FULL or (error.code in REFUSED_BY_SYSTEM and job.payload.get("files")):
            self._postpone(job, f"{error.message} {error.hint}".strip())
        else:
            self._end(job, handler, Transition.FAIL, error)

    def _end(self, job: JobRecord, handler: Handler, transition: Transition, error: WireError) -> None:
        """The job ends without a result."""
        sentence = f"{error.message} {error.hint}".strip()

        def commit(transaction: Transaction) -> None:
            ended = move(
                transaction, job.id, transition, why=f": {sentence}", data={"code": error.code}, error=sentence
            )
            handler.failed(self._context, transaction, ended, error)

        try:
            if self._record(job, commit):
                self._tell(job, f"{'Lost' if transition is Transition.LOSE else 'Failed'}: {sentence}")
        except OSError as failure:  # there is no place to put its files away: they wait for one
            self._postpone(job, str(blame(failure, self._context.layout.root)))

    def _postpone(self, job: JobRecord, why: str) -> None:
        """Nobody's fault and not for ever: the job waits until it can be done, and its log says for what."""
        before = self._context.hindered.get(job.id)
        times = before.times if before is not None else 0
        self._context.hindered[job.id] = Hindrance(why, times + 1)
        wait = min(_LONGEST_DELAY_SECONDS, 2.0**times)
        self._again(job, why, timedelta(seconds=wait), attempts=job.attempts - 1)

    def _on_worker_death(self, job: JobRecord, handler: Handler, cause: str) -> None:
        """A worker died: cancelled, parked by a shutdown, retried, or lost after too many starts."""
        if self._late.is_set():
            limit = self._context.settings.engine.job_timeout_minutes
            late = f"It ran longer than {exact(limit)} minutes."
            self._end(job, handler, Transition.FAIL, WireError(message=late, hint=_LATE, code="timeout"))
        elif self._context.stopping.is_set():
            self._tell(job, "The engine stops; the next one starts the job again")
        elif job.attempts < job.max_attempts:
            wait = timedelta(seconds=pause(job.attempts))
            self._again(job, cause, wait, attempts=job.attempts)
        else:
            error = WireError(
                message=f"Its worker died {job.attempts} times; last, {cause}.",
                hint=f"Its log: shopfloor job log {job.id}",
                code="worker_died",
            )
            self._end(job, handler, Transition.LOSE, error)

    def _again(self, job: JobRecord, why: str, wait: timedelta, *, attempts: int) -> None:
        """Queue the job again, to be tried after `wait`."""

        def requeue(transaction: Transaction) -> None:
            later = transaction.now + wait
            move(transaction, job.id, Transition.RETRY, why=f": {why}", not_before=later, error=why, attempts=attempts)

        if self._record(job, requeue):
            self._tell(job, f"To be retried in {duration(wait.total_seconds())}: {why}")

    def _give_up(self, job: JobRecord, error: Exception) -> None:
        """Its handler cannot end the job. What only the disk hinders is an orphan, and taken up once there is space."""
        if isinstance(error, OSError | StoreError):
            return
        sentence = describe(error).message

        def end(transaction: Transaction) -> None:
            cancelled = jobs.get(transaction, job.id).state is JobState.CANCELLING
            transition = Transition.CANCEL if cancelled else Transition.FAIL
            move(transaction, job.id, transition, why=f": {sentence}", error=sentence)

        try:
            self._context.store.write(end)
        except Exception:  # noqa: BLE001 - the boundary of the runner
            _LOG.exception("job %s stays as it is", job.id)
