"""Copies of the metadata that a sandboxed child may open, shared by questions asked close together."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.ids import ulid
from shopfloor.domain.numbers import size
from shopfloor.store.store import Store
from shopfloor.workspace.layout import Layout

# A copy that blocked the writer for long is worth keeping ten times as long.
_COSTLY_SECONDS = 1.0
_KEEP_FACTOR = 10.0
_RESERVE_BYTES = 64 << 20

# Name, inode, size and time of change of each file of the database.
Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass
class Snapshot:
    """A consistent copy of the metadata as of event `seq`, in a folder of its own; `stamp` is of the files copied."""

    folder: Path
    seq: int
    stamp: Stamp
    made_at: float
    cost: float
    users: int = 0

    @property
    def database(self) -> Path:
        """The copy."""
        return self.folder / "metadata.duckdb"

    def serves(self, stamp: Stamp, now: float) -> bool:
        """True while it answers as a new copy would, or while a new copy would cost too much."""
        costly = self.cost > _COSTLY_SECONDS and now - self.made_at < _KEEP_FACTOR * self.cost
        return costly or self.stamp == stamp


class Snapshots:
    """The newest snapshot of one store, and older ones while somebody reads them."""

    def __init__(self, store: Store, layout: Layout, clock: Clock) -> None:
        self._store = store
        self._layout = layout
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        """A snapshot that stays until the block ends."""
        with self._lock:
            snapshot = self._current()
            snapshot.users += 1
        try:
            yield snapshot
        finally:
            with self._lock:
                snapshot.users -= 1
                if snapshot.users == 0 and snapshot is not self._newest:
                    shutil.rmtree(snapshot.folder, ignore_errors=True)

    def _current(self) -> Snapshot:
        held = self._newest
        if held is not None and held.database.exists() and held.serves(self._stamp(), self._clock.monotonic()):
            return held
        made = self._make()
        self._newest = made
        if held is not None and held.users == 0:
            shutil.rmtree(held.folder, ignore_errors=True)
        return made

    def _make(self) -> Snapshot:
        self._require_space()
        folder = self._layout.staging / f"sql-{ulid()}"
        folder.mkdir(mode=0o700)
        started = self._clock.monotonic()
        stamp = self._stamp()  # before the copy: what is written meanwhile makes the next one
        try:
            seq = self._store.copy_to(folder / "metadata.duckdb")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        ended = self._clock.monotonic()
        return Snapshot(folder=folder, seq=seq, stamp=stamp, made_at=ended, cost=ended - started)

    def _stamp(self) -> Stamp:
        """Of the database and its log, which every commit appends to."""
        database = self._layout.database
        files = [(path.name, path.stat()) for path in sorted(database.parent.glob(f"{database.name}*"))]
        return tuple((name, status.st_ino, status.st_size, status.st_mtime_ns) for name, status in files)

    def _require_space(self) -> None:
        needed = 2 * self._layout.database.stat().st_size + _RESERVE_BYTES
        free = shutil.disk_usage(self._layout.staging).free
        if free < needed:
            raise RefusedError(
                f"A snapshot of the metadata needs {size(needed)}, {size(free)} are free.",
                hint="Free disk space in the workspace: shopfloor gc",
                code="disk",
            )


_ALL: WeakKeyDictionary[Store, Snapshots] = WeakKeyDictionary()
_ALL_LOCK = threading.Lock()


def snapshots(store: Store, layout: Layout, clock: Clock) -> Snapshots:
    """The snapshots of a store; the same object for the life of the store."""
    with _ALL_LOCK:
        found = _ALL.get(store)
        if found is None:
            found = _ALL[store] = Snapshots(store, layout, clock)
        return found
