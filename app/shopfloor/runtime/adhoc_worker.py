"""Requests that need a worker process but are no jobs, such as a preview; one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import RefusedError, ShopfloorError, from_wire
from shopfloor.domain.numbers import exact
from shopfloor.runtime.call import Call, Failure, Result
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker import Worker, WorkerDied
from shopfloor.runtime.worker_class import WorkerClass


class AdHocWorker:
    """Keeps one worker while there are requests, and ends it when idle."""

    def __init__(
        self, clock: Clock, log: str, worker_class: WorkerClass, start: Callable[[WorkerClass], Worker]
    ) -> None:
        self._clock = clock
        self._log = log
        self._worker_class = worker_class
        self._start = start
        self._turn = threading.Lock()
        self._worker: Worker | None = None
        self._used = 0.0

    def ask(self, task: WorkerTask[Any], *, seconds: float | None = None) -> Any:
        """The task's answer as plain JSON; raises what the task raised.

        A task that takes more than `seconds` is ended and refused.
        """
        with self._turn:
            if self._worker is None or not self._worker.alive:
                self._worker = self._start(self._worker_class)
            self._used = self._clock.monotonic()
            answer = self._call(self._worker, task, seconds)
        if isinstance(answer, Failure):
            raise from_wire(
                answer.error.exit, answer.error.message, answer.error.hint, answer.error.code, answer.error.stored
            )
        return answer.value

    def _call(self, worker: Worker, task: WorkerTask[Any], seconds: float | None) -> Result | Failure:
        late = threading.Event()

        def end() -> None:
            late.set()
            worker.kill()

        timer = threading.Timer(seconds, end) if seconds is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            call = Call(task=task.name, spec=msgspec.to_builtins(task.spec), log=self._log)
            return worker.call(call, lambda progress: None)
        except WorkerDied as death:
            self._worker = None
            if seconds is not None and late.is_set():
                raise RefusedError(
                    f"The computation took more than {exact(seconds)} seconds and was ended.",
                    hint="Compare versions that are closer to each other, or leave out the rows.",
                    code="too_slow",
                ) from death
            raise ShopfloorError(
                f"The computation failed: {death}.", hint=f"Its log is .shopfloor/run/jobs/{Path(self._log).name}"
            ) from death
        finally:
            if timer is not None:
                timer.cancel()

    def dismiss_idle(self, seconds: float) -> None:
        """End the worker when it was idle for `seconds`."""
        if self._worker is None or not self._turn.acquire(blocking=False):
            return
        try:
            if self._clock.monotonic() - self._used > seconds:
                self._worker.close()
                self._worker = None
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the worker now."""
        if self._worker is not None:
            self._worker.kill()
