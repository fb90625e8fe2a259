"""What the engine cannot do now: one record for each cause, left by itself as soon as its probe is content."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import RefusedError, ShopfloorError
from shopfloor.domain.job import JobKind
from shopfloor.domain.status import Degradation, DegradedCause

_LOG = logging.getLogger("shopfloor.engine")

Probe = Callable[[], str]
"""What is wrong, in a sentence; empty while nothing is."""
Listener = Callable[[Degradation, bool], None]
"""Told of each that begins (True) or is over."""

_REFUSING = (DegradedCause.DISK_FULL, DegradedCause.READ_ONLY, DegradedCause.STORE)
_NO_SPACE = frozenset({DegradedCause.DISK_LOW, DegradedCause.DISK_FULL, DegradedCause.READ_ONLY})
_ONLY_TOLD = frozenset({DegradedCause.WATCHER, DegradedCause.CLOCK, DegradedCause.SETTINGS})
_FILLING = frozenset({JobKind.INTAKE, JobKind.TRAIN})
_HINTS = {
    DegradedCause.DISK_FULL: "Free some disk space (shopfloor gc): the engine goes on by itself. "
    "The mark is engine.reserve_mb.",
    DegradedCause.READ_ONLY: "Mount it for writing again: the engine goes on by itself.",
    DegradedCause.STORE: "Free disk space or repair the disk: the store opens by itself.",
}


class Degradations:
    """The causes that hold now, since when, and what they stop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._probes: Mapping[DegradedCause, Probe] = {}
        self._listener: Listener = lambda one, begins: None
        self._held: dict[DegradedCause, Degradation] = {}
        self._turn = threading.Lock()

    def watch(self, probes: Mapping[DegradedCause, Probe], listener: Listener) -> None:
        """Look with these from now on."""
        self._probes = probes
        self._listener = listener

    def look(self) -> tuple[Degradation, ...]:
        """Ask every probe; what holds now, the worst first."""
        with self._turn:
            before = self._held
            now = self._clock.now()
            found = {cause: message for cause, probe in self._probes.items() if (message := _ask(probe))}
            self._held = {cause: _since(before, cause, message, now) for cause, message in found.items()}
            begun = [one for cause, one in self._held.items() if cause not in before]
            over = [one for cause, one in before.items() if cause not in self._held]
            held = tuple(self._held.values())
        for one in begun:
            _LOG.warning("degraded (%s): %s", one.code, one.message)
            self._listener(one, True)
        for one in over:
            _LOG.info("no longer degraded (%s)", one.code)
            self._listener(one, False)
        return held

    def held(self) -> tuple[Degradation, ...]:
        """What held when it was looked at last."""
        return tuple(self._held.values())

    def hindrances(self) -> tuple[str, ...]:
        """What keeps the engine now from seeing or storing what is delivered, a sentence each."""
        return tuple(one.message for one in self.look() if one.code not in _ONLY_TOLD)

    def holds_back(self, kind: JobKind) -> bool:
        """True for a job that would fill a disk which has no space left, or could not write at all."""
        return kind in _FILLING and not _NO_SPACE.isdisjoint(self._held)

    def refuse_changes(self) -> None:
        """Raise `RefusedError` while no change could be stored."""
        held = self._held
        for cause in _REFUSING:
            if cause in held:
                raise RefusedError(
                    f"Nothing can be changed now. {held[cause].message}", hint=_HINTS[cause], code=cause.value
                )


def _ask(probe: Probe) -> str:
    try:
        return probe()
    except OSError as error:
        return f"It cannot be told how things are: {error.strerror or error}."
    except ShopfloorError as error:
        return str(error)


def _since(
    before: Mapping[DegradedCause, Degradation], cause: DegradedCause, message: str, now: datetime
) -> Degradation:
    known = before.get(cause)
    return Degradation(code=cause, message=message, since=known.since if known is not None else now)
