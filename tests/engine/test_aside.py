"""Questions answered aside: the worker is ended when it takes too long, and the next question gets a new one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.errors import RefusedError, ShopfloorError
from shopfloor.runtime.adhoc_worker import AdHocWorker
from shopfloor.runtime.call import Call, Result
from shopfloor.runtime.task import Progress, WorkerTask
from shopfloor.runtime.worker import WorkerDied
from shopfloor.runtime.worker_class import WorkerClass


def quick(spec: list[int], progress: Progress) -> list[int]:
    raise AssertionError("only the worker calls it")


def slow(spec: list[int], progress: Progress) -> list[int]:
    raise AssertionError("only the worker calls it")


def fatal(spec: list[int], progress: Progress) -> list[int]:
    raise AssertionError("only the worker calls it")


class Worker:
    """Answers `quick` at once, thinks about `slow` until it is killed, dies of `fatal`."""

    def __init__(self, worker_class: WorkerClass) -> None:
        self.worker_class = worker_class
        self.ended = threading.Event()

    @property
    def alive(self) -> bool:
        return not self.ended.is_set()

    def call(self, call: Call, on_progress: Any) -> Result:
        if call.task.endswith(":slow"):
            assert self.ended.wait(10)
        if call.task.endswith(":fatal"):
            self.ended.set()
        if not self.alive:
            raise WorkerDied("the worker was killed by SIGKILL")
        return Result(value=call.spec)

    def kill(self) -> None:
        self.ended.set()

    close = kill


@pytest.fixture
def workers() -> list[Worker]:
    return []


@pytest.fixture
def aside(workers: list[Worker]) -> AdHocWorker:
    def start(worker_class: WorkerClass) -> Any:
        workers.append(Worker(worker_class))
        return workers[-1]

    return AdHocWorker(SystemClock(), "/somewhere/look.log", WorkerClass.LIGHT, start)


def test_one_worker_answers_question_after_question(aside: AdHocWorker, workers: list[Worker]) -> None:
    assert [aside.ask(WorkerTask(quick, [n]), seconds=5.0) for n in range(3)] == [[0], [1], [2]]
    assert [worker.worker_class for worker in workers] == [WorkerClass.LIGHT]


def test_what_takes_too_long_is_ended_and_refused(aside: AdHocWorker, workers: list[Worker]) -> None:
    with pytest.raises(RefusedError, match="The computation took more than"):
        aside.ask(WorkerTask(slow, []), seconds=0.05)
    assert not workers[0].alive
    assert aside.ask(WorkerTask(quick, [1]), seconds=60.0) == [1]
    assert len(workers) == 2


def test_a_worker_that_dies_is_said_to_have_died(aside: AdHocWorker) -> None:
    with pytest.raises(ShopfloorError, match="killed by SIGKILL") as caught:
        aside.ask(WorkerTask(fatal, []))
    assert "look.log" in caught.value.hint
    assert aside.ask(WorkerTask(quick, [1])) == [1]
