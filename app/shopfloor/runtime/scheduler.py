"""What happens by the clock: log segments are collected, backups made, snoozes end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from shopfloor.domain.clock import Clock

_LOG = logging.getLogger("shopfloor.scheduler")


@dataclass
class PeriodicTask:
    """Something to do every `seconds`; monotonic time, so that a changed clock neither stalls nor bursts it."""

    name: str
    seconds: float
    run: Callable[[], None]
    due: float = 0.0


class Scheduler:
    """One thread that sleeps until the next task is due."""

    def __init__(self, clock: Clock, tasks: list[PeriodicTask]) -> None:
        self._clock = clock
        self._tasks = tasks
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin; every task waits one period first."""
        now = self._clock.monotonic()
        for task in self._tasks:
            task.due = now + task.seconds
        self._thread.start()

    def stop(self) -> None:
        """End after the current task."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    def run_due(self) -> float:
        """Run what is due; seconds until the next one."""
        now = self._clock.monotonic()
        for task in self._tasks:
            if task.due <= now:
                task.due = now + task.seconds
                self._run(task)
        return max(0.05, min((task.due for task in self._tasks), default=now + 60) - self._clock.monotonic())

    def _run(self, task: PeriodicTask) -> None:
        try:
            task.run()
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one must run all the same
            _LOG.exception("%s failed", task.name)

    def _loop(self) -> None:
        while not self._stop.wait(self.run_due()):
            pass
