"""The reading end of an append-only log: lines with a checksum, each of which counts once.

A segment is a file of lines `<document> <CRC32 as 8 hex digits>\\n`. One process appends to it
and holds an exclusive `flock` on it while it does. The engine reads from a byte offset that it
commits together with what it read, so each line counts once. Nothing rewrites a segment.
"""

from __future__ import annotations

import errno
import fcntl
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".jsonl"
_CHECKSUM = 9  # a space and eight hex digits
READ = 8 << 20


class ReadLines(NamedTuple):
    """What a reader found: `offset` is where the next one starts, `damaged` counts skipped lines."""

    documents: list[bytes]
    offset: int
    damaged: int


def checked_lines(documents: Iterable[bytes]) -> bytes:
    """The lines of `documents`, which hold no line end, ready for one `write`."""
    lines = bytearray()
    for document in documents:
        lines += document
        lines += b" %08x\n" % zlib.crc32(document)
    return bytes(lines)


def segments(directory: Path) -> tuple[Path, ...]:
    """All segments, oldest first (their names are ulids)."""
    try:
        return tuple(sorted(path for path in directory.iterdir() if _is_segment(path)))
    except FileNotFoundError:
        return ()


def read_lines(segment: Path, offset: int, limit: int = READ) -> ReadLines:
    """Whole lines of `segment` from byte `offset` on, about `limit` bytes of them.

    A last line without its end is left for the next reader: its writer is still at it, or was
    killed before it could answer. A whole line whose checksum differs is skipped and counted.
    No progress (`offset` unchanged) means that all has been read for now.
    """
    data = _whole_lines(segment, offset, limit)
    documents: list[bytes] = []
    damaged = 0
    for line in data.splitlines():
        document, checksum = line[:-_CHECKSUM], line[-_CHECKSUM:]
        if checksum == b" %08x" % zlib.crc32(document):
            documents.append(document)
        else:
            damaged += 1
    return ReadLines(documents, offset + len(data), damaged)


def is_sealed(segment: Path) -> bool:
    """True when no process appends to `segment` any more, so what is read may be removed."""
    try:
        descriptor = os.open(segment, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return False
        raise
    finally:
        os.close(descriptor)
    return True


def _is_segment(path: Path) -> bool:
    return path.suffix == SUFFIX and not path.name.startswith(".")


def _whole_lines(segment: Path, offset: int, limit: int) -> bytes:
    with segment.open("rb") as file:
        file.seek(offset)
        data = file.read(limit)
        end = data.rfind(b"\n")
        while end < 0 and (more := file.read(limit)):  # a line longer than the limit
            end = more.rfind(b"\n")
            end = end if end < 0 else end + len(data)
            data += more
    return data[: end + 1]
