"""Noticing that somebody set the clock, or that the machine slept."""

from __future__ import annotations

from shopfloor.domain.clock import Clock
from shopfloor.domain.numbers import duration

# Less is what a time service corrects.
_SECONDS = 60.0
# A clock that went forward and stays there is the right one after so long.
_ACCEPTED_SECONDS = 3600.0


class ClockJump:
    """A probe: compares the time of day with the time that really passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin = self._last = self._offset()
        self._jumped_at = 0.0
        self._latest = clock.now()

    def __call__(self) -> str:
        """What happened, until new times are after all earlier ones again, or for an hour where they are."""
        now, ticks, offset = self._clock.now(), self._clock.monotonic(), self._offset()
        if abs(offset - self._last) > _SECONDS:
            self._jumped_at = ticks
        self._last = offset
        if (self._latest - now).total_seconds() > _SECONDS:
            by = duration((self._latest - now).total_seconds())
            return f"The clock went back: it is {by} before times that are recorded. Schedules go on by elapsed time."
        self._latest = max(self._latest, now)
        by_seconds = offset - self._origin
        if by_seconds > _SECONDS and ticks - self._jumped_at < _ACCEPTED_SECONDS:
            return f"The clock went forward by {duration(by_seconds)}: it was set, or the machine was asleep."
        self._origin = offset
        return ""

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
