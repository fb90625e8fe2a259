"""Questions that need a heavy worker but are no jobs: answered aside, one at a time."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import ShopfloorError, from_wire
from shopfloor.engine.jobs.call import Call, Failure
from shopfloor.engine.jobs.handler import Task
from shopfloor.engine.jobs.lanes import Lane
from shopfloor.engine.jobs.worker import Worker, WorkerDied


class Aside:
    """Keeps one worker while people ask, and lets it go when they stop."""

    def __init__(self, clock: Clock, log: str) -> None:
        self._clock = clock
        self._log = log
        self._turn = threading.Lock()
        self._worker: Worker | None = None
        self._used = 0.0

    def ask(self, task: Task) -> Any:
        """The task's answer as plain JSON; raises what the task raised."""
        with self._turn:
            if self._worker is None or not self._worker.alive:
                self._worker = Worker(Lane.HEAVY)
            self._used = self._clock.monotonic()
            try:
                answer = self._worker.call(
                    Call(task=task.name, spec=msgspec.to_builtins(task.spec), log=self._log), lambda progress: None
                )
            except WorkerDied as death:
                self._worker = None
                raise ShopfloorError(
                    f"The computation failed: {death}.", hint="Its log is .shopfloor/run/jobs/aside.log"
                ) from death
        if isinstance(answer, Failure):
            raise from_wire(answer.error.exit, answer.error.message, answer.error.hint, answer.error.code)
        return answer.value

    def dismiss_idle(self, seconds: float) -> None:
        """End the worker when nobody asked for `seconds`."""
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
