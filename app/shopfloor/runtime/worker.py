"""The engine's side of a worker process: start it, call it, kill it."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Sequence

import msgspec

from shopfloor.runtime.call import Call, Failure, Message, Progress, Result
from shopfloor.runtime.fork_server import ForkServer
from shopfloor.runtime.task import address
from shopfloor.runtime.worker_class import WorkerClass

WarmUp = Callable[[], None]
"""Imports what a worker will need, while it waits for its first call."""


class WorkerDied(Exception):
    """The worker ended without an answer: killed, crashed or out of memory."""


class Worker:
    """One process in a group of its own, reused for call after call."""

    def __init__(self, worker_class: WorkerClass, warm_ups: Sequence[WarmUp], fork_server: ForkServer) -> None:
        self.worker_class = worker_class
        theirs, ours = [], []
        for end in ("calls", "answers", "status"):
            reading, writing = os.pipe()
            theirs.append(reading if end == "calls" else writing)
            ours.append(writing if end == "calls" else reading)
        try:
            self.pid = fork_server.start([address(one) for one in warm_ups], *theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self._calls = os.fdopen(ours[0], "wb")
        self._answers = os.fdopen(ours[1], "rb")
        self._status = os.fdopen(ours[2], "rb", buffering=0)
        self._exit_code: int | None = None
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._poll(0) is None

    def call(self, call: Call, on_progress: Callable[[Progress], None]) -> Result | Failure:
        """Do one call; raises `WorkerDied`."""
        try:
            self._calls.write(msgspec.json.encode(call) + b"\n")
            self._calls.flush()
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
            if self.alive:
                try:
                    os.killpg(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self._wait()

    def close(self) -> None:
        """End an idle worker and release its pipes."""
        self.kill()
        for pipe in (self._calls, self._answers):  # others may still ask how it ended
            try:
                pipe.close()
            except OSError:  # what it has not read is lost
                pass

    def _wait(self) -> int:
        while (code := self._poll(None)) is None:
            pass
        return code

    def _poll(self, milliseconds: int | None) -> int | None:
        """The exit code, if it ends within `milliseconds`; None: wait for it."""
        ended = select.poll()  # each thread needs its own
        ended.register(self._status, select.POLLIN)
        if self._exit_code is None and ended.poll(milliseconds):
            with self._reading:
                if self._exit_code is None:
                    # Nothing where whoever would tell was killed, too: then it took its workers along.
                    self._exit_code = int(self._status.read(16) or -signal.SIGKILL)
        return self._exit_code

    def _exit_description(self) -> str:
        code = self._wait()
        if code < 0:
            return f"the worker was killed by {signal.Signals(-code).name}"
        return f"the worker ended with exit code {code}"
