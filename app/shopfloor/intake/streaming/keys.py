"""Which posts were answered: idempotency keys, remembered for a bounded number of posts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from shopfloor.intake.streaming import frame
from shopfloor.intake.streaming.entry import StreamEntry, pack, unpack
from shopfloor.workspace.durable import append, fsync_directory, write_new

REMEMBERED = 25_000
"""At least so many of a dataset's newest posts are remembered, at most twice as many."""
YOUNG, _OLD = "keys.log", "keys.old"


class KeyMemory:
    """The keys of one dataset, in memory. Written by one thread."""

    def __init__(self) -> None:
        self._answers: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, key: str) -> StreamEntry | None:
        """What was answered for `key`."""
        header = self._answers.get(_short(key))
        return None if header is None else unpack(header)

    def add(self, entry: StreamEntry, header: bytes) -> None:
        """Remember an answer; the oldest is forgotten when there are too many."""
        if not entry.key:
            return
        self._answers[_short(entry.key)] = header
        if len(self._answers) > 2 * REMEMBERED:
            del self._answers[next(iter(self._answers))]


class KeyFile:
    """The headers of posts whose rows have left the log, in two files of which the older is dropped."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def load(self) -> list[StreamEntry]:
        """All entries, oldest first; a tail that a kill tore is cut off, its log is still there."""
        entries: list[StreamEntry] = []
        for name in (_OLD, YOUNG):
            path = self._directory / name
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            scanned = frame.scan(data)
            if scanned.torn:
                os.truncate(path, len(data) - scanned.torn)
            found = [unpack(one.header) for one in scanned.frames]
            entries += found
            self._count = len(found)
        return entries

    def append(self, entries: Iterable[StreamEntry], state: StreamEntry) -> None:
        """Keep entries durably. A new file begins with `state`, so that no position is ever forgotten."""
        path = self._directory / YOUNG
        if self._count >= REMEMBERED or not path.exists():
            self._turn(path, state)
        lines = [frame.encode(pack(entry)) for entry in entries]
        append(path, b"".join(lines))
        self._count += len(lines)

    def _turn(self, path: Path, state: StreamEntry) -> None:
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        write_new(temporary, frame.encode(pack(state)))
        if path.exists():
            os.replace(path, self._directory / _OLD)
        os.replace(temporary, path)
        fsync_directory(self._directory)
        self._count = 1


def _short(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=16).digest()
