"""A worker process that dies in the middle of its answer."""

from __future__ import annotations

import os
from typing import Any

import pytest

from shopfloor.runtime.call import Call
from shopfloor.runtime.worker import Worker, WorkerDied
from shopfloor.runtime.worker_class import WorkerClass


class Server:
    """Starts a worker that answers half and is killed."""

    def start(self, warm_ups: list[str], calls: int, answers: int, status: int) -> int:
        self.calls = os.dup(calls)
        os.write(answers, b'{"type":"progress","fraction":0.5}\n{"type":"result","val')
        os.write(status, b"-9")
        return 1


def test_half_an_answer_is_a_death() -> None:
    server: Any = Server()
    worker = Worker(WorkerClass.LIGHT, (), server)
    seen: list[float] = []
    with pytest.raises(WorkerDied, match="SIGKILL"):
        worker.call(Call(task="m:f", spec=None, log="/dev/null"), lambda progress: seen.append(progress.fraction))
    assert seen == [0.5]
    worker.close()
    os.close(server.calls)
