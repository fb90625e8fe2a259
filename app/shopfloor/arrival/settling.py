"""Which observed files are complete, remembered from scan to scan."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from shopfloor.arrival.filesystem import network_devices
from shopfloor.arrival.lease import Lease, probe_path
from shopfloor.arrival.scan import Observation
from shopfloor.arrival.settle import Quiet, Settling, due, settle
from shopfloor.domain.clock import Clock
from shopfloor.domain.file import FilePurpose

Key = tuple[FilePurpose, str]


class SettlingFiles:
    """The states of all files on their way, by purpose and path."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[Key, Settling] = {}
        self._near = Quiet()
        self._far = Quiet(network=True)
        self._remote: frozenset[int] = frozenset()
        self._now = 0.0
        self._wall_ns = 0

    @property
    def quiet_seconds(self) -> float:
        """How long a file on a local file system must stay unchanged."""
        return self._near.seconds

    def begin(self, quiet_seconds: float) -> None:
        """A new look at all files begins: one time, one table of mounts for all of them."""
        if quiet_seconds != self._near.seconds:
            self._near, self._far = Quiet(seconds=quiet_seconds), Quiet(seconds=quiet_seconds, network=True)
        self._remote = network_devices()
        self._now = self._clock.monotonic()
        self._wall_ns = int(self._clock.now().timestamp() * 1e9)

    def observe(self, key: Key, seen: Observation, root: Path) -> Settling:
        """The state after this observation; settled means that the file may be claimed."""
        state = settle(
            self._states.get(key),
            seen,
            self._now,
            self._wall_ns,
            self._quiet(seen),
            lambda: _probe(root, seen.path),
        )
        self._states[key] = state
        return state

    def by_folder(self) -> dict[tuple[FilePurpose, str], list[Settling]]:
        """All files on their way, by the folder of their dataset or model."""
        found: dict[tuple[FilePurpose, str], list[Settling]] = defaultdict(list)
        for (purpose, _), state in self._states.items():
            found[purpose, state.observation.name].append(state)
        return found

    def others_follow(self, folder: Sequence[Settling], ready: Collection[str]) -> bool:
        """True while files that came with the `ready` ones are about to settle too: they become one version.

        Nobody waits for more than one more quiet time, and nobody for a file that somebody still writes.
        """
        now = self._clock.monotonic()
        oldest = min((state.since for state in folder if state.observation.path in ready), default=now)
        if now - oldest > 2 * self.quiet_seconds:
            return False
        return any(now - state.since < self.quiet_seconds for state in folder if state.observation.path not in ready)

    def say(self, key: Key, waiting: str) -> None:
        """Note what a file waits for besides being quiet."""
        state = self._states[key]
        if state.waiting != waiting:
            self._states[key] = msgspec.structs.replace(state, waiting=waiting)

    def waits(self, key: Key) -> tuple[str, float]:
        """What a file on its way waits for, in words, and for how many seconds it has been known."""
        state = self._states.get(key)
        return ("", 0.0) if state is None else (state.waiting, self._clock.monotonic() - state.first_seen)

    def notices(self, key: Key) -> tuple[str, ...]:
        """What is odd about a file, for the version that it becomes part of."""
        state = self._states.get(key)
        return () if state is None else state.notices

    def stuck(self, seconds: float) -> Iterator[tuple[Key, Settling]]:
        """Files that have not changed for so long and are not complete all the same."""
        before = self._now - seconds
        return ((key, state) for key, state in self._states.items() if state.since < before and state.waiting)

    def forget(self, key: Key) -> None:
        """The file was claimed, vanished or changed: begin anew if it is seen again."""
        self._states.pop(key, None)

    def due_in(self) -> float | None:
        """Seconds until looking again can change anything; None when nothing is settling.

        A quiet time that ended while the last look went on was not over for it: that is due at once.
        """
        # What a burst brought settles together: one file of it speaks for all.
        unlike = {(state.since, state.observation.dev): state for state in self._states.values() if _may_settle(state)}
        times = [due(state, self._quiet(state.observation), self._now) for state in unlike.values()]
        soonest = min((time for time in times if time is not None), default=None)
        return None if soonest is None else max(0.02, soonest - self._clock.monotonic())

    def _quiet(self, seen: Observation) -> Quiet:
        return self._far if seen.dev in self._remote else self._near


def _may_settle(state: Settling) -> bool:
    return not state.settled and state.observation.size > 0


def _probe(root: Path, path: str) -> Lease:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return probe_path(descriptor, path)
    finally:
        os.close(descriptor)
