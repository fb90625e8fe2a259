"""The journal: one line with a checksum for each commit that must never be lost without notice.

DuckDB may open a damaged log with a shorter prefix and say nothing. The journal holds the rows of
versions, releases and decisions a second time, so that a short replay is found and repaired.

An entry is written before the database commits, because nothing may fail afterwards. A mark behind it says
what became of the commit: `+12` it was made, `-12` it was not. Where a crash left no mark, the next entry
tells: it names the event number that it follows.
"""

from __future__ import annotations

import base64
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shopfloor.workspace.durable import fsync_directory, write_all

_ROTATE_BYTES = 16 * 1024 * 1024
_MADE, _NOT_MADE = b"+", b"-"
# A crash tears the end of a line off; a whole line with another checksum was changed on disk.
_WHOLE = re.compile(rb"^[0-9a-f]{8} (\{.*\}|[+-][0-9]+)\n$", re.DOTALL)


class JournalEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One commit: the event number it reached and the rows it wrote, as (table, column to value).

    `after` is the number of the last event before it. Entries of earlier releases have none: they were
    written after their commit. `at` and `actor` are for the history of the rows when they are put back.
    """

    seq: int
    rows: list[tuple[str, dict[str, Any]]]
    after: int | None = None
    at: datetime | None = None
    actor: str = ""


class _Head(msgspec.Struct, frozen=True):
    """An entry without its rows."""

    seq: int
    after: int | None = None


class _Mark(msgspec.Struct, frozen=True):
    """What became of an entry."""

    seq: int
    made: bool


@dataclass(frozen=True)
class Survey:
    """The commits that it holds, lines that a crash tore, and whole lines that were changed on disk."""

    commits: int
    torn: int
    changed: int


_Found = TypeVar("_Found", JournalEntry, _Head)


class Journal:
    """Append-only files `0001.jsonl`, … in one directory. Used by the writer thread alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._handle: int | None = None
        self._size = 0
        self._open_entry: int | None = None
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="journal-sync")
        self._sync: Future[None] | None = None

    def intend(self, entry: JournalEntry) -> None:
        """Write an entry before its commit; `wait_durable` says that it is on disk.

        Meanwhile the writer has other statements to run, which take as long as the disk (measured). An `OSError`
        leaves nothing of the entry that counts.
        """
        self._write(_line(msgspec.json.encode(entry)), durable=False)
        self._open_entry = entry.seq
        assert self._handle is not None
        self._sync = self._syncer.submit(os.fdatasync, self._handle)

    def wait_durable(self) -> None:
        """Return when the last entry is on disk; an `OSError` says that it is not, and must not be committed."""
        sync, self._sync = self._sync, None
        if sync is not None:
            sync.result()

    def settle(self, made: bool) -> None:
        """Say what became of the commit of the last entry, if that is not said yet.

        That it was made needs no place on disk: the database has it and the next entry follows it. That it
        was not made has to be written before anything else is committed, or `OSError` is raised.
        """
        if self._open_entry is None:
            return
        try:
            if not made:
                self._finish_sync()
            self._write(_mark(self._open_entry, made), durable=not made)
        except OSError:
            if not made:
                raise
        self._open_entry = None

    def resolve(self, last_seq: int) -> None:
        """Say what became of an entry that a crash left without a mark: the database ends at event `last_seq`."""
        if self._open_entry is None and (left := self._unmarked()) is not None:
            self._open_entry = left.seq
        if self._open_entry is not None:
            self.settle(made=self._open_entry <= last_seq)

    def close(self) -> None:
        """Release the file."""
        self._finish_sync()
        self._syncer.shutdown()
        self._release()

    def entries(self) -> Iterator[JournalEntry]:
        """All intact entries of commits that were made, oldest first; a torn line is passed over."""
        return _made(_read(self._files(), JournalEntry))

    def last_seq(self) -> int:
        """The highest event number of a commit that was made, 0 when there is none."""
        files = self._files()
        for newest in range(len(files) - 1, -1, -1):
            last = max((head.seq for head in _made(_read(files[newest:], _Head))), default=0)
            if last:
                return last
        return 0

    def survey(self) -> Survey:
        """What stands in it, line by line."""
        lines = [line for path in self._files() for line in path.read_bytes().splitlines(keepends=True)]
        bad = [line for line in lines if _decode(line, _Head) is None]
        changed = sum(1 for line in bad if _WHOLE.match(line))
        return Survey(sum(1 for _ in self.entries()), torn=len(bad) - changed, changed=changed)

    def _unmarked(self) -> _Head | None:
        """The last entry, if it has no mark."""
        last: _Head | None = None
        for found in _read(self._files()[-2:], _Head):
            last = found if isinstance(found, _Head) and found.after is not None else None
        return last

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob("[0-9]*.jsonl"))

    def _write(self, line: bytes, *, durable: bool) -> None:
        handle = self._open(len(line))
        try:
            write_all(handle, line)
            if durable:
                os.fdatasync(handle)
        except OSError:
            self._take_back(handle)
            raise
        self._size += len(line)

    def _finish_sync(self) -> None:
        """Whatever became of the sync of an entry that is not going to be committed."""
        if self._sync is not None:
            wait([self._sync])
            self._sync = None

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _take_back(self, handle: int) -> None:
        """Remove half a line; where even that fails, the next one is begun on a line of its own."""
        try:
            os.ftruncate(handle, self._size)
        except OSError:
            self._release()

    def _open(self, needed: int) -> int:
        if self._handle is not None and self._size + needed > _ROTATE_BYTES:
            self._release()
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
        try:
            fsync_directory(self._directory)
            self._size = os.fstat(handle).st_size
            if self._size and os.pread(handle, 1, self._size - 1) != b"\n":
                write_all(handle, b"\n")  # close a line that a crash tore, so that the next one stands alone
                self._size += 1
        except OSError:
            os.close(handle)
            raise
        self._handle = handle
        return handle


def _line(body: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _mark(seq: int, made: bool) -> bytes:
    return _line(b"%s%d" % (_MADE if made else _NOT_MADE, seq))


def _made(found: Iterable[_Found | _Mark]) -> Iterator[_Found]:
    """The entries whose commits were made, by their mark or by an entry that follows them."""
    waiting: _Found | None = None
    for one in found:
        if isinstance(one, _Mark):
            if waiting is not None and one.made and one.seq == waiting.seq:
                yield waiting
            waiting = None
            continue
        if waiting is not None and (one.after is None or one.after >= waiting.seq):
            yield waiting
        waiting = one
        if one.after is None:
            yield one
            waiting = None


def _read(paths: list[Path], kind: type[_Found]) -> Iterator[_Found | _Mark]:
    for path in paths:
        with path.open("rb") as lines:
            for line in lines:
                found = _decode(line, kind)
                if found is not None:
                    yield found


def _decode(line: bytes, kind: type[_Found]) -> _Found | _Mark | None:
    digest, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if int(digest, 16) != zlib.crc32(body):
            return None
        if body[:1] in (_MADE, _NOT_MADE):
            return _Mark(int(body[1:]), body[:1] == _MADE)
        return msgspec.json.decode(body, type=kind)
    except (ValueError, msgspec.DecodeError):
        return None


def journalled(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row as it was before JSON: paths are bytes, which JSON holds as base64."""
    if table == "files" and isinstance(row.get("raw_path"), str):
        return {**row, "raw_path": base64.b64decode(row["raw_path"])}
    return row
