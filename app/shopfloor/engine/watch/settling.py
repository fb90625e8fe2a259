"""Which observed files are complete, remembered from scan to scan."""

from __future__ import annotations

import os
from pathlib import Path

from shopfloor.domain.clock import Clock
from shopfloor.domain.file import FilePurpose
from shopfloor.intake.filesystem import is_network
from shopfloor.intake.lease import Lease, probe_path
from shopfloor.intake.scan import Observation
from shopfloor.intake.settle import Quiet, Settling, due, settle

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

    def forget(self, key: Key) -> None:
        """The file was claimed, vanished or changed: begin anew if it is seen again."""
        self._states.pop(key, None)

    def due_in(self, root: Path) -> float | None:
        """Seconds until looking again can change anything; None when nothing is settling."""
        now = self._clock.monotonic()
        waits = [due(state, self._quiet(root)) - now for state in self._states.values()]
        return max(0.02, min(waits)) if waits else None

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
