"""The REST endpoint's inference log: lines with a checksum, drained exactly once by the engine.

A line is a prediction, or a count of requests that got none.

A segment is a file of lines `<JSON object> <CRC32 as 8 hex digits>\\n`. One process appends to it
and holds an exclusive `flock` on it while it does. The engine reads from a byte offset that it
commits together with what it read, so each line counts once. Nothing rewrites a segment.
"""

from __future__ import annotations

import errno
import fcntl
import os
import zlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain.record import Record
from shopfloor.domain.service import FaultCount

SUFFIX = ".jsonl"
_CHECKSUM = 9  # a space and eight hex digits
_READ = 8 << 20


class LogRecord(Record, frozen=True, kw_only=True):
    """One prediction. `prediction` is a class label (text) or a number; `inputs` are JSON values.

    `prediction` is what was served: None for a row that is refused, or where a model answered with something that is no
    finite number. `model_prediction` is what the model said, where that is something else, `threshold` what its
    probability was compared with, and `humility` says why it was not trusted, `humility_action` what was done then.
    `seconds` is how long its request took to be answered.
    """

    association_id: str
    at: datetime
    model: str
    model_version: int
    segment: str | None = None
    prediction: str | float | None
    model_prediction: str | float | None = None
    threshold: float | None = None
    humility: str | None = None
    humility_action: str | None = None
    seconds: float | None = None
    probabilities: dict[str, float | None] = {}
    inputs: dict[str, Any] = {}


class FaultLine(Record, frozen=True, kw_only=True):
    """Requests to a model version that got no prediction, since the last such line."""

    fault: FaultCount
    model: str
    model_version: int


class Drained(NamedTuple):
    """What a drain found: `offset` is where the next one starts, `damaged` counts skipped lines."""

    records: list[LogRecord]
    offset: int
    damaged: int
    faults: list[FaultLine]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LogRecord)
_fault_decoder = msgspec.json.Decoder(FaultLine)
_FAULT = b'{"fault":'  # its first field, which no prediction has


def encode_lines(records: Iterable[LogRecord | FaultLine]) -> bytes:
    """The lines of `records`, ready for one `write`."""
    lines = bytearray()
    for record in records:
        document = _encoder.encode(record)
        lines += document
        lines += b" %08x\n" % zlib.crc32(document)
    return bytes(lines)


def segments(directory: Path) -> tuple[Path, ...]:
    """All segments, oldest first (their names are ulids)."""
    try:
        return tuple(sorted(path for path in directory.iterdir() if _is_segment(path)))
    except FileNotFoundError:
        return ()


def drain(segment: Path, offset: int, limit: int = _READ) -> Drained:
    """Whole lines of `segment` from byte `offset` on, about `limit` bytes of them.

    A last line without its end is left for the next drain: its writer is still at it, or was
    killed before it could answer. A whole line whose checksum differs is skipped and counted.
    No progress (`offset` unchanged) means that all has been read for now.
    """
    data = _whole_lines(segment, offset, limit)
    records: list[LogRecord] = []
    faults: list[FaultLine] = []
    damaged = 0
    for line in data.splitlines():
        record = _decode(line)
        if record is None:
            damaged += 1
        elif isinstance(record, FaultLine):
            faults.append(record)
        else:
            records.append(record)
    return Drained(records, offset + len(data), damaged, faults)


def is_sealed(segment: Path) -> bool:
    """True when no process appends to `segment` any more, so what is drained may be removed."""
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


def group(records: Iterable[LogRecord]) -> dict[tuple[str, int], list[LogRecord]]:
    """Records by model and version, each group in the order of the log."""
    groups: dict[tuple[str, int], list[LogRecord]] = {}
    for record in records:
        groups.setdefault((record.model, record.model_version), []).append(record)
    return groups


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


def _decode(line: bytes) -> LogRecord | FaultLine | None:
    document, checksum = line[:-_CHECKSUM], line[-_CHECKSUM:]
    if checksum != b" %08x" % zlib.crc32(document):
        return None
    try:
        return (_fault_decoder if document.startswith(_FAULT) else _decoder).decode(document)
    except msgspec.DecodeError:
        return None
