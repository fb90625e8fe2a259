"""The engine's own log, rotated by size and number."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_BYTES = 10_000_000
_FILES = 5
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def open_log(path: Path) -> None:
    """Send all records to standard error; where that is the file at `path`, keep it small."""
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[RotatingLog(path)])


class RotatingLog(logging.StreamHandler):  # type: ignore[type-arg]
    """Standard error that begins a new file every 10 MB and keeps five, the older ones numbered.

    The descriptors of standard output and error move along, so that what a library prints is kept, too.
    """

    def __init__(self, path: Path, *, most_bytes: int = _BYTES, most_files: int = _FILES) -> None:
        super().__init__()
        self._path = path
        self._most_bytes = most_bytes
        self._most_files = most_files

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, to a new file where the old one is full."""
        try:
            self._rotate()
        except OSError:  # a full disk: go on in the file that there is
            pass
        super().emit(record)

    def _rotate(self) -> None:
        here, there = os.fstat(2), os.stat(self._path)
        if not os.path.samestat(here, there) or here.st_size < self._most_bytes:
            return
        for number in range(self._most_files - 2, 0, -1):
            if (kept := self._numbered(number)).exists():
                kept.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        fresh = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for descriptor in (1, 2):
            os.dup2(fresh, descriptor)
        os.close(fresh)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
