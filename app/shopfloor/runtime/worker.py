"""The engine's side of a worker process: start it, call it, kill it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import msgspec

from shopfloor.runtime.call import Call, Failure, Message, Progress, Result
from shopfloor.runtime.task import address
from shopfloor.runtime.worker_class import WorkerClass

WarmUp = Callable[[], None]
"""Imports what a worker will need, while it waits for its first call."""


class WorkerDied(Exception):
    """The worker ended without an answer: killed, crashed or out of memory."""


class Worker:
    """One child process in a session of its own, reused for call after call."""

    def __init__(self, worker_class: WorkerClass, warm_ups: Sequence[WarmUp] = ()) -> None:
        self.worker_class = worker_class
        read_end, write_end = os.pipe()
        # An OpenMP thread that spins for its turn on a busy machine costs more than it computes.
        environment = {"GOMP_SPINCOUNT": "10000", **os.environ, "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "shopfloor.runtime.worker_main",
                "--answers",
                str(write_end),
                *map(address, warm_ups),
            ],
            stdin=subprocess.PIPE,
            pass_fds=(write_end,),
            start_new_session=True,
            env=environment,
        )
        os.close(write_end)
        self._answers = os.fdopen(read_end, "rb")
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def call(self, call: Call, on_progress: Callable[[Progress], None]) -> Result | Failure:
        """Do one call; raises `WorkerDied`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(call) + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerDied(self._exit_description()) from error
        for line in self._answers:
            if not line.endswith(b"\n"):  # it died while it sent its answer
                break
            message: Message = msgspec.json.decode(line, type=Message)
            if isinstance(message, Progress):
                on_progress(message)
            else:
                return message
        raise WorkerDied(self._exit_description())

    def kill(self) -> None:
        """End the process and everything it started."""
        with self._lock:
            if self._process.poll() is None:
                try:
                    os.killpg(self._process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self._process.wait()

    def close(self) -> None:
        """End an idle worker and release its pipes."""
        self.kill()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                pass
        self._answers.close()

    def _exit_description(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"the worker was killed by {signal.Signals(-code).name}"
        return f"the worker ended with exit code {code}"
