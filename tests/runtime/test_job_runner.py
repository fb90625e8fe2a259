"""A runner and its jobs: a cancellation is heard at every moment, and a full disk loses no job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from tests.waiting import until

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.ids import ulid
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.requests.jobs import JobCancel
from shopfloor.domain.wire import WireError
from shopfloor.engine.api import jobs as jobs_api
from shopfloor.engine.services import EngineServices
from shopfloor.runtime import job_runner, orphans, worker_pool
from shopfloor.runtime.call import Result
from shopfloor.runtime.context import Context
from shopfloor.runtime.event_stream import EventStream
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker import WorkerDied
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.runtime.worker_pool import WorkerPool
from shopfloor.store import events, jobs, models
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.layout import Layout

MOMENTS = ("queued", "prepare", "start", "call", "publish")


def task(spec: dict[str, Any], progress: Any) -> None:
    """Never runs: the worker is a stand-in."""


class Plant:
    """A pool over a real store; its worker is a stand-in, and `at` is called at each moment of a job."""

    def __init__(self, root: Path) -> None:
        layout = Layout(root)
        layout.create()
        clock, stream = SystemClock(), EventStream()
        self.store = Store(layout.database, layout.journal, clock, workspace_id="w", on_commit=stream.publish)
        self.context = Context(
            layout=layout, store=self.store, clock=clock, stream=stream, epoch=1, started_at=clock.now(),
            check_contract=lambda contract: None,  # type: ignore[arg-type, return-value]
        )  # fmt: skip
        self.at: Callable[[str], None] = lambda moment: None
        self.told: list[str] = []
        self.refused = 0
        self.warmed: list[WorkerClass] = []
        self.started = False
        self.handler: Any = _Handler(self)
        nothing: Any = None
        self.pool = WorkerPool(
            self.context, {JobKind.MONITOR: self.handler}, {WorkerClass.LIGHT: (), WorkerClass.HEAVY: ()}, nothing
        )
        self.services = EngineServices(self.context, self.pool, nothing, nothing, lambda: None)

    def start(self) -> None:
        self.started = True
        self.pool.start()

    def queue(self, subject: str = "late") -> JobRecord:
        return self.store.write(
            lambda transaction: jobs.enqueue(transaction, JobKind.MONITOR, subject, payload={}, trigger="test")
        )

    def job(self, id: str) -> JobRecord:
        return self.store.read(lambda query: jobs.get(query, id))

    def cancel(self, id: str) -> None:
        jobs_api.cancel(self.services, JobCancel(id=id, op_id=f"cancel-{id}-{ulid()}"))

    def until(self, id: str, *states: JobState) -> None:
        until(lambda: self.job(id).state in states and not self.pool.busy(), said=lambda: (self.job(id), self.told))

    def close(self) -> None:
        self.context.stopping.set()
        if self.started:
            self.pool.stop()
        self.store.close()


class _Handler:
    kind = JobKind.MONITOR
    worker_class = WorkerClass.LIGHT

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[dict[str, Any]]:
        self._plant.at("prepare")
        return WorkerTask(task, {})

    def publish(self, context: Context, job: JobRecord, value: Any) -> Any:
        self._plant.at("publish")
        return value

    def commit(self, context: Context, transaction: Transaction, job: JobRecord, published: Any) -> dict[str, Any]:
        return {"published": published}

    def report(self, context: Context, job: JobRecord, published: Any) -> list[str]:
        return []

    def settle(self, context: Context, job: JobRecord, published: Any) -> None:
        self._plant.told.append("settled")

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        self._plant.told.append(f"{job.state}: {error.code}")


class _Worker:
    """Answers at once, or dies when it was killed or is told to."""

    plant: Plant

    def __init__(self, worker_class: WorkerClass, warm_ups: Any, fork_server: Any) -> None:
        self.pid, self.alive = 1, True
        self.plant.warmed.append(worker_class)
        self.plant.at("start")

    def call(self, call: Any, on_progress: Any) -> Result:
        self.plant.at("call")
        if not self.alive:
            raise WorkerDied("the worker was killed by SIGKILL")
        return Result(value={"answer": 42})

    def kill(self) -> None:
        self.alive = False

    close = kill


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    monkeypatch.setattr(worker_pool, "Worker", _Worker)
    monkeypatch.setattr(job_runner, "_LONGEST_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(job_runner, "_CLAIM_SECONDS", 0.05)
    made = Plant(tmp_path)
    _Worker.plant = made
    yield made
    made.close()


@pytest.fixture
def full(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, the disk is full: nothing can be committed."""
    disk, commit = threading.Event(), plant.store._commit

    def committed(mutate: Any) -> Any:
        if disk.is_set():
            plant.refused += 1
            raise duckdb.TransactionException("Failed to commit: Could not write file: No space left on device")
        return commit(mutate)

    monkeypatch.setattr(plant.store, "_commit", committed)
    return disk


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cancellation_is_heard_at_every_moment(plant: Plant, moment: str) -> None:
    job = plant.queue()
    plant.at = lambda now: plant.cancel(job.id) if now == moment else None
    plant.at("queued")
    plant.start()
    plant.until(job.id, *(state for state in JobState if state.ended))
    assert plant.job(job.id).state is JobState.CANCELLED
    assert plant.told == ["cancelled: cancelled"]


def test_a_cancellation_outlives_the_engine(plant: Plant) -> None:
    job = plant.queue()
    plant.store.write(lambda transaction: plant.pool._queue._claim(transaction, WorkerClass.LIGHT, transaction.now))
    plant.cancel(job.id)
    assert plant.job(job.id).state is JobState.CANCELLING
    assert orphans.adopt(plant.context, {JobKind.MONITOR: plant.handler}, frozenset, "after a restart") == []
    assert plant.job(job.id).state is JobState.CANCELLED
    assert plant.told == ["cancelled: cancelled"]


@pytest.mark.parametrize(("deaths", "paused"), [(1, False), (4, False), (5, True), (6, True)])
def test_a_job_that_many_engines_died_with_pauses(plant: Plant, deaths: int, paused: bool) -> None:
    job = plant.queue()
    plant.store.write(lambda transaction: jobs.put(transaction, _with_attempts(job, deaths - 1)))
    plant.store.write(lambda transaction: plant.pool._queue._claim(transaction, WorkerClass.LIGHT, transaction.now))
    (adopted,) = orphans.adopt(plant.context, {JobKind.MONITOR: plant.handler}, frozenset, "after a restart")
    assert adopted.state is JobState.QUEUED
    assert (adopted.attempts, adopted.not_before is not None) == (0 if paused else deaths, paused)


@pytest.mark.parametrize("moment", ["prepare", "call", "publish"])
def test_a_job_whose_end_cannot_be_stored_is_done_when_there_is_space(
    plant: Plant, full: threading.Event, moment: str
) -> None:
    job = plant.queue()
    plant.at = lambda now: full.set() if now == moment else None
    plant.start()
    _until_let_go(plant, full)
    plant.at = lambda now: None
    full.clear()
    plant.pool.beat()
    plant.until(job.id, JobState.SUCCEEDED)
    assert plant.told == ["settled"]


def test_a_worker_that_dies_for_the_last_time_on_a_full_disk_loses_no_job(plant: Plant, full: threading.Event) -> None:
    job = plant.queue()
    plant.store.write(
        lambda transaction: jobs.put(transaction, _with_attempts(jobs.get(transaction, job.id), job.max_attempts - 1))
    )

    def die(moment: str) -> None:
        if moment == "call":
            full.set()
            raise WorkerDied("the worker was killed by SIGSEGV")

    plant.at = die
    plant.start()
    _until_let_go(plant, full)
    assert plant.job(job.id).state is JobState.RUNNING
    full.clear()
    plant.pool.beat()
    plant.at = lambda now: None
    plant.until(job.id, JobState.SUCCEEDED, JobState.LOST)


def test_a_job_cancelled_on_a_full_disk_ends_when_there_is_space(plant: Plant, full: threading.Event) -> None:
    job = plant.queue()

    def cancel(moment: str) -> None:
        if moment == "call":
            plant.cancel(job.id)
            full.set()

    plant.at = cancel
    plant.start()
    _until_let_go(plant, full)
    assert plant.job(job.id).state is JobState.CANCELLING
    full.clear()
    plant.pool.beat()
    plant.until(job.id, JobState.CANCELLED)
    assert plant.told == ["cancelled: cancelled"]


def test_a_runner_outlives_a_store_that_cannot_be_written(plant: Plant, full: threading.Event) -> None:
    job = plant.queue()
    full.set()
    plant.start()
    until(lambda: plant.refused > 1)
    full.clear()
    plant.until(job.id, JobState.SUCCEEDED)


def test_a_job_that_a_runner_holds_is_no_orphan(plant: Plant) -> None:
    job = plant.queue()
    plant.at = lambda now: plant.pool.beat() if now == "publish" else None
    plant.start()
    plant.until(job.id, JobState.SUCCEEDED)
    done = plant.job(job.id)
    assert (done.attempts, done.result) == (1, {"published": {"answer": 42}})


def test_a_job_whose_worker_died_waits_longer_each_time(plant: Plant) -> None:
    job = msgspec.structs.replace(plant.queue(), attempts=5, max_attempts=9)
    plant.store.write(lambda transaction: jobs.put(transaction, job))

    def die(moment: str) -> None:
        if moment == "call":
            raise WorkerDied("the worker was killed by SIGSEGV")

    plant.at = die
    plant.start()
    until(lambda: plant.job(job.id).not_before is not None)
    due, (event,) = plant.job(job.id).not_before, plant.store.read(lambda query: events.tail(query, 1))
    assert due is not None
    assert due - event.at == timedelta(seconds=0.5 * 4**5)
    for now, claimed in ((due - timedelta(seconds=1), False), (due, True)):
        found = plant.store.write(lambda tx, now=now: plant.pool._queue._claim(tx, WorkerClass.LIGHT, now))
        assert (found is not None) is claimed


def test_a_job_that_runs_too_long_fails(plant: Plant) -> None:
    job = plant.queue()

    def beat(moment: str) -> None:
        if moment == "call":
            engine = msgspec.structs.replace(plant.context.settings.engine, job_timeout_minutes=0)
            plant.context.settings = msgspec.structs.replace(plant.context.settings, engine=engine)
            plant.pool.beat()

    plant.at = beat
    plant.start()
    plant.until(job.id, JobState.FAILED)
    assert plant.told == ["failed: timeout"]


def test_jobs_go_to_the_runner_whose_worker_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker starts while files settle; half of the time another runner took the job, and started a second one."""
    monkeypatch.setattr(worker_pool, "Worker", _Worker)
    monkeypatch.setattr(worker_pool.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(_Handler, "worker_class", WorkerClass.HEAVY)
    _Worker.plant = plant = Plant(tmp_path)
    started: list[str] = []
    plant.at = lambda now: started.append(now) if now == "start" else None
    plant.store.write(lambda transaction: models.put_state(transaction, models.state(transaction, "late")))
    plant.pool.warm()
    plant.start()
    try:
        for _ in range(20):
            plant.until(plant.queue().id, JobState.SUCCEEDED)
    finally:
        plant.close()
    assert len(started) == len(WorkerClass)


def test_a_runner_without_a_worker_takes_what_the_others_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "Worker", _Worker)
    monkeypatch.setattr(worker_pool.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(_Handler, "worker_class", WorkerClass.HEAVY)
    _Worker.plant = plant = Plant(tmp_path)
    both = threading.Barrier(2, timeout=20.0)

    def meet(moment: str) -> None:
        if moment == "call":
            both.wait()

    plant.at = meet
    plant.store.write(lambda transaction: models.put_state(transaction, models.state(transaction, "late")))
    plant.pool.warm()
    plant.start()
    try:
        queued = [plant.queue(subject) for subject in ("one", "other")]
        for job in queued:
            plant.until(job.id, JobState.SUCCEEDED)
    finally:
        plant.close()


def test_without_a_model_only_the_worker_that_parses_is_warmed(plant: Plant) -> None:
    plant.pool.warm()
    assert plant.warmed == [WorkerClass.LIGHT]
    plant.store.write(lambda transaction: models.put_state(transaction, models.state(transaction, "late")))
    plant.pool.warm()
    assert plant.warmed == [WorkerClass.LIGHT, WorkerClass.HEAVY]


def _with_attempts(job: JobRecord, attempts: int) -> JobRecord:
    return msgspec.structs.replace(job, attempts=attempts)


def _until_let_go(plant: Plant, full: threading.Event) -> None:
    until(lambda: full.is_set() and not plant.pool.busy())
