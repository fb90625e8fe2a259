"""A worker process that dies in the middle of its answer."""

from __future__ import annotations

import os
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from shopfloor.runtime.call import Call
from shopfloor.runtime.worker import Worker, WorkerDied


def test_half_an_answer_is_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: Any = SimpleNamespace(stdin=BytesIO(), wait=lambda: -9)
    worker = Worker.__new__(Worker)
    read_end, write_end = os.pipe()
    os.write(write_end, b'{"type":"progress","fraction":0.5}\n{"type":"result","val')
    os.close(write_end)
    monkeypatch.setattr(worker, "_process", ended, raising=False)
    monkeypatch.setattr(worker, "_answers", os.fdopen(read_end, "rb"), raising=False)
    seen: list[float] = []
    with pytest.raises(WorkerDied, match="SIGKILL"):
        worker.call(Call(task="m:f", spec=None, log="/dev/null"), lambda progress: seen.append(progress.fraction))
    assert seen == [0.5]
