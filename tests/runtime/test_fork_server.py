"""Workers are copies of a server that was forked from the engine, and end with both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import until

NO_TASK = "Internal error: unexpected LookupError."
APP = Path(__file__).parents[2] / "app"

ENGINE = """
import json, os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from shopfloor.runtime.call import Call, Failure
from shopfloor.runtime.fork_server import ForkServer
from shopfloor.runtime.worker import Worker, WorkerDied
from shopfloor.runtime.worker_class import WorkerClass

server = ForkServer()
workers = {}
for line in sys.stdin:
    order, name = json.loads(line)
    answer = None
    try:
        if order == "start":
            workers[name] = Worker(WorkerClass.LIGHT, (), server)
            answer = workers[name].pid
        elif order == "call":
            told = workers[name].call(Call(task="nothing:here", spec=None, log=sys.argv[1]), print)
            answer = told.error.message
        elif order == "alive":
            answer = workers[name].alive
        elif order == "kill while it is called":
            os.kill(workers[name].pid, signal.SIGSTOP)  # it never answers
            with ThreadPoolExecutor() as pool:
                pending = pool.submit(workers[name].call, Call(task="nothing:here", spec=None, log=sys.argv[1]), print)
                workers[name].kill()
            pending.result()
        elif order == "close":
            workers[name].close()
    except WorkerDied as death:
        answer = f"died: {death}"
    print(json.dumps(answer), flush=True)
"""


class Engine:
    """A process that starts workers as the engine does."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ENGINE, str(folder / "log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": str(APP)},
        )  # fmt: skip

    def __call__(self, order: str, name: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([order, name]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    yield made
    made.process.kill()
    made.process.communicate()


def until_gone(pid: int) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):
        until(lambda: "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(), said=lambda: f"{pid} lives on")


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_worker_answers_call_after_call_and_its_death_is_told(engine: Engine) -> None:
    pid = engine("start", "a")
    assert [engine("call", "a") for _ in range(2)] == [NO_TASK] * 2
    assert engine("alive", "a")
    os.kill(pid, signal.SIGKILL)
    assert engine("call", "a") == "died: the worker was killed by SIGKILL"
    assert not engine("alive", "a")
    os.kill(engine("start", "a"), signal.SIGTERM)
    assert engine("call", "a") == "died: the worker was killed by SIGTERM"


def test_all_who_wait_for_a_worker_hear_of_its_death(engine: Engine) -> None:
    for name in map(str, range(20)):
        engine("start", name)
        assert engine("kill while it is called", name) == "died: the worker was killed by SIGKILL"
        assert not engine("alive", name)


def test_each_worker_has_a_group_and_descriptors_of_its_own(engine: Engine) -> None:
    pids = [engine("start", name) for name in "abc"]
    for name in "abc":
        engine("call", name)
    assert [os.getpgid(pid) for pid in pids] == pids
    held = [sorted(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()) for pid in pids]
    assert len({len(one) for one in held}) == 1, held
    engine("close", "a")
    assert [engine("alive", name) for name in "abc"] == [False, True, True]
    assert engine("call", "b") == NO_TASK


def test_workers_end_with_a_killed_engine(engine: Engine) -> None:
    pids = [engine("start", name) for name in "ab"]
    server = parent(pids[0])
    os.kill(engine.process.pid, signal.SIGKILL)
    for pid in (*pids, server):
        until_gone(pid)


def test_a_server_that_was_killed_takes_its_workers_along_and_is_replaced(engine: Engine) -> None:
    pid = engine("start", "a")
    server = parent(pid)
    os.kill(server, signal.SIGKILL)
    until_gone(pid)  # before that it might still answer
    assert engine("call", "a") == "died: the worker was killed by SIGKILL"
    again = engine("start", "b")
    assert engine("call", "b") == NO_TASK
    assert parent(again) != server
    os.kill(again, signal.SIGKILL)
    assert engine("call", "b") == "died: the worker was killed by SIGKILL"
