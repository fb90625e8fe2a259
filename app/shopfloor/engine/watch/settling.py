"""Which observed files are complete, remembered from scan to scan."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from shopfloor.domain.clock import Clock
from shopfloor.domain.file import FilePurpose
from shopfloor.intake.filesystem import is_network
from shopfloor.intake.lease import Lease, probe_path
from shopfloor.intake.scan import Observation
from shopfloor.intake.settle import WRITTEN, Quiet, Settling, due, settle

Key = tuple[FilePurpose, str]


class SettlingFiles:
    """The states of all files on their way, by purpose and path."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[Key, Settling] = {}
        self._network: dict[Path, bool] = {}
        self.quiet_seconds = 2.0

    def observe(self, key: Key, seen: Observation, root: Path) -> Settling:
        """The state after this observation; settled means that the file may be claimed."""
        state = settle(
            self._states.get(key),
            seen,
            self._clock.monotonic(),
            int(self._clock.now().timestamp() * 1e9),
            self._quiet(root),
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

    def written_for(self, seconds: float) -> list[tuple[Key, float]]:
        """Files that another program has kept open for longer, and for how long they have been known."""
        now = self._clock.monotonic()
        return [
            (key, now - state.first_seen)
            for key, state in self._states.items()
            if state.waiting == WRITTEN and now - state.first_seen > seconds
        ]

    def forget(self, key: Key) -> None:
        """The file was claimed, vanished or changed: begin anew if it is seen again."""
        self._states.pop(key, None)

    def due_in(self, root: Path) -> float | None:
        """Seconds until looking again can change anything; None when nothing is settling."""
        now = self._clock.monotonic()
        times = [time for state in self._states.values() if (time := due(state, self._quiet(root), now)) is not None]
        return max(0.02, min(times) - now) if times else None

    def _quiet(self, root: Path) -> Quiet:
        if root not in self._network:
            self._network[root] = is_network(root)
        return Quiet(seconds=self.quiet_seconds, network=self._network[root])


def _probe(root: Path, path: str) -> Lease:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return probe_path(descriptor, path)
    finally:
        os.close(descriptor)
