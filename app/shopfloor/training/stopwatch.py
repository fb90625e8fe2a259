"""Where the time of a run goes."""

from __future__ import annotations

import time


class Stopwatch:
    """Seconds by step, in the order the steps were first seen."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """The time since the last lap belongs to `name`."""
        now = time.perf_counter()
        self.add(name, now - self._last)
        self._last = now

    def skip(self) -> None:
        """The time since the last lap is accounted for by `add`."""
        self._last = time.perf_counter()

    def add(self, name: str, seconds: float) -> None:
        """Add time measured elsewhere."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
