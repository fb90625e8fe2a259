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
    """One thread that sleeps until the next errand."""

    def __init__(self, clock: Clock, errands: list[PeriodicTask]) -> None:
        self._clock = clock
        self._errands = errands
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin; every errand waits one period first."""
        now = self._clock.monotonic()
        for errand in self._errands:
            errand.due = now + errand.seconds
        self._thread.start()

    def stop(self) -> None:
        """End after the current errand."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    def run_due(self) -> float:
        """Run what is due; seconds until the next one."""
        now = self._clock.monotonic()
        for errand in self._errands:
            if errand.due <= now:
                errand.due = now + errand.seconds
                self._run(errand)
        return max(0.05, min((errand.due for errand in self._errands), default=now + 60) - self._clock.monotonic())

    def _run(self, errand: PeriodicTask) -> None:
        try:
            errand.run()
        except Exception:  # noqa: BLE001 - the boundary of an errand: the next one must run all the same
            _LOG.exception("%s failed", errand.name)

    def _loop(self) -> None:
        while not self._stop.wait(self.run_due()):
            pass
