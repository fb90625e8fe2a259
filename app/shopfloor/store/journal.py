"""The journal: one line with a checksum for each commit that must never be lost without notice.

DuckDB may open a damaged log with a shorter prefix and say nothing. The journal holds the rows of
versions, releases and decisions a second time, so that a short replay is found and repaired.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.workspace.durable import fsync_directory

_ROTATE_BYTES = 16 * 1024 * 1024


class JournalEntry(msgspec.Struct, frozen=True):
    """One commit: the event number it reached and the rows it wrote, as (table, column to value)."""

    seq: int
    rows: list[tuple[str, dict[str, Any]]]


class Journal:
    """Append-only files `0001.jsonl`, … in one directory. Used by the writer thread alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._handle: int | None = None
        self._size = 0

    def append(self, entry: JournalEntry) -> None:
        """Write one line and make it durable."""
        body = msgspec.json.encode(entry)
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        handle = self._open(len(line))
        os.write(handle, line)
        os.fdatasync(handle)
        self._size += len(line)

    def close(self) -> None:
        """Release the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def entries(self) -> Iterator[JournalEntry]:
        """All intact entries, oldest first; a torn last line of a file is passed over."""
        for path in self._files():
            with path.open("rb") as lines:
                for line in lines:
                    entry = _decode(line)
                    if entry is not None:
                        yield entry

    def last_seq(self) -> int:
        """The highest event number written, 0 when empty."""
        return max((entry.seq for path in self._files()[-1:] for entry in _read(path)), default=0)

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob("[0-9]*.jsonl"))

    def _open(self, needed: int) -> int:
        if self._handle is not None and self._size + needed > _ROTATE_BYTES:
            self.close()
            return self._start(self._next_name())
        if self._handle is not None:
            return self._handle
        files = self._files()
        return self._start(files[-1] if files else self._next_name())

    def _next_name(self) -> Path:
        files = self._files()
        return self._directory / f"{(int(files[-1].stem) + 1) if files else 1:04d}.jsonl"

    def _start(self, path: Path) -> int:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fsync_directory(self._directory)
        self._size = os.fstat(handle).st_size
        if self._size and os.pread(handle, 1, self._size - 1) != b"\n":
            os.write(handle, b"\n")  # close a line that a crash tore, so that the next one stands alone
        self._handle = handle
        return handle


def _read(path: Path) -> Iterator[JournalEntry]:
    with path.open("rb") as lines:
        for line in lines:
            entry = _decode(line)
            if entry is not None:
                yield entry


def _decode(line: bytes) -> JournalEntry | None:
    digest, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if int(digest, 16) != zlib.crc32(body):
            return None
        return msgspec.json.decode(body, type=JournalEntry)
    except (ValueError, msgspec.DecodeError):
        return None


def journalled(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row as it was before JSON: paths are bytes, which JSON holds as base64."""
    if table == "files" and isinstance(row.get("raw_path"), str):
        return {**row, "raw_path": base64.b64decode(row["raw_path"])}
    return row
