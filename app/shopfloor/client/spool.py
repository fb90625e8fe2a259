"""The log of the runs that this process records: safe without an engine, taken in by one exactly once.

A process appends to a file of its own. What is logged is with the kernel at once, so it outlives the process; it is
on the disk at the end of a run, and within a second otherwise.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import StoreError
from shopfloor.domain.recording import RunEntry
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.segment import SegmentWriter
from shopfloor.workspace.segment_reader import checked_lines

_SYNC_SECONDS = 1.0


class Spool:
    """The runs that processes record into one workspace. May be shared by threads and forked."""

    def __init__(self, workspace: Path) -> None:
        self._directory = Layout(workspace).recordings
        self._of_process: dict[int, _ProcessSpool] = {}

    def append(self, opening: RunEntry, entry: RunEntry) -> None:
        """Log something about the run that `opening` opens; raises `StoreError` where the disk refuses."""
        self._own().append(opening, entry)

    def end(self, opening: RunEntry, entry: RunEntry) -> None:
        """`append` the last that this process says of a run; it is on the disk when this returns."""
        self._own().end(opening, entry)

    def close(self) -> None:
        """Release the file of this process; a later entry begins another."""
        self._own().close()

    def _own(self) -> _ProcessSpool:
        # Not the one that a forked child inherits: its file, and its lock, are the parent's.
        pid = os.getpid()
        return self._of_process.get(pid) or self._of_process.setdefault(pid, _ProcessSpool(self._directory))


class _ProcessSpool:
    """One process's file. Every segment of it opens each run that it speaks of."""

    def __init__(self, directory: Path) -> None:
        self._open: dict[str, RunEntry] = {}
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._lost: StoreError | None = None
        self._writer = SegmentWriter(
            directory, SystemClock(), name="run log", preamble=lambda: _lines(*self._open.values())
        )

    def append(self, opening: RunEntry, entry: RunEntry) -> None:
        with self._lock:
            self._write(opening, entry)
            if self._timer is None:
                self._timer = threading.Timer(_SYNC_SECONDS, self._sync_late)
                self._timer.daemon = True
                self._timer.start()

    def end(self, opening: RunEntry, entry: RunEntry) -> None:
        with self._lock:
            self._write(opening, entry)
            del self._open[opening.key]
        self._sync()
        if self._lost is not None:
            lost, self._lost = self._lost, None
            raise lost

    def close(self) -> None:
        with self._lock, self._syncing:
            self._writer.close()

    def _write(self, opening: RunEntry, entry: RunEntry) -> None:
        known = opening.key in self._open or entry is opening
        self._writer.append(_lines(entry) if known else _lines(opening, entry))
        self._open[opening.key] = opening

    def _sync(self) -> None:
        with self._syncing:
            self._writer.sync()

    def _sync_late(self) -> None:
        self._timer = None
        try:
            self._sync()
        except StoreError as error:
            self._lost = error  # for the next run that ends: some of its values may not outlive the machine


def _lines(*entries: RunEntry) -> bytes:
    return checked_lines(map(to_json, entries))
