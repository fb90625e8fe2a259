"""The writing end of an append-only log: one open segment of one process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import StoreError
from shopfloor.domain.ids import ulid
from shopfloor.workspace.durable import fsync_directory, write_all

MAX_BYTES = 64 << 20
MAX_AGE = 3600.0


class SegmentWriter:
    """Appends lines to segments in `directory`; starts a new one by size, age or after an error.

    `name` is what people call the log, for messages; `suffix` ends the segments' names; `preamble` says with which
    lines each begins.

    `append` hands the bytes to the kernel in one write, so they outlive the process; `sync` makes
    them outlive the machine. `append` and `close` are called by one thread; `sync` may run in
    another. Segments are made when first needed.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE,
        new_id: Callable[[], str] = ulid,
        suffix: str = ".jsonl",
        name: str = "inference log",
        preamble: Callable[[], bytes] = bytes,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._new_id = new_id
        self._suffix = suffix
        self._name = name
        self._preamble = preamble
        self.path: Path | None = None
        """The segment that was opened last; None before the first append."""
        self._descriptor = -1
        self._size = 0
        self._opened_at = 0.0
        self._retired: list[int] = []
        self._failed = False

    def append(self, lines: bytes) -> None:
        """Write whole lines; raises `StoreError` when the disk refuses, and then none is kept."""
        try:
            if self._descriptor < 0 or self._failed or self._is_full():
                self._retire()
                self._open()
            write_all(self._descriptor, lines)
        except OSError as error:
            self._take_back()
            raise self._refused(error.strerror or "write failed") from error
        self._size += len(lines)

    def sync(self) -> None:
        """`fdatasync` of all that was appended before this call; raises `StoreError`.

        After a failure the next append starts a new segment: a later success on the old one would
        prove nothing about the pages that the kernel has already dropped.
        """
        current = self._descriptor  # before the retired ones: it may be retired meanwhile
        retired, self._retired = self._retired, []
        try:
            for descriptor in dict.fromkeys((*retired, current)):
                if descriptor >= 0:
                    os.fdatasync(descriptor)
        except OSError as error:
            self._failed = True
            raise self._refused(error.strerror or "sync failed") from error
        finally:
            for descriptor in retired:
                os.close(descriptor)

    def close(self) -> None:
        """Sync and close; the segment is sealed from then on."""
        self._retire()
        self.sync()

    def _is_full(self) -> bool:
        old = self._clock.monotonic() - self._opened_at > self._max_age
        return old or self._size >= self._max_bytes

    def _retire(self) -> None:
        if self._descriptor >= 0:
            self._retired.append(self._descriptor)
            self._descriptor = -1

    def _take_back(self) -> None:
        """Remove half a write. Where even that fails, readers skip a tail without an end."""
        if self._descriptor < 0:
            return
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            pass
        self._retire()

    def _open(self) -> None:
        """A new segment, locked before its name makes it one: an unlocked segment is sealed."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self._new_id()
        temporary = self._directory / f".{name}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            preamble = self._preamble()
            write_all(descriptor, preamble)
            self.path = self._directory / f"{name}{self._suffix}"
            os.rename(temporary, self.path)
            fsync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise
        self._descriptor, self._size, self._failed = descriptor, len(preamble), False
        self._opened_at = self._clock.monotonic()

    def _refused(self, why: str) -> StoreError:
        return StoreError(
            f"The {self._name} cannot be written: {why}.",
            hint=f"Free disk space below {self._directory.parent.name}/{self._directory.name}, then try again.",
            code=self._name.replace(" ", "_"),
        )
