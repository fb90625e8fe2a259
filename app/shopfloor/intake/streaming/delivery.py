"""A sealed segment becomes a delivered file: plain JSON lines, in the ledger, with an intake job."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shopfloor.arrival import file_locations
from shopfloor.domain.failpoint import reach
from shopfloor.domain.file import STREAM, FilePurpose, FileRecord, FileState
from shopfloor.domain.job import JobKind
from shopfloor.domain.numbers import count
from shopfloor.intake.streaming import frame
from shopfloor.intake.streaming.entry import unpack
from shopfloor.intake.streaming.log import Sealed, StreamLog
from shopfloor.store import files, jobs
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.durable import fsync_directory, replace_file

LINES = ".jsonl"


@dataclass(frozen=True)
class Ready:
    """JSON lines on the disk that the ledger may not know yet."""

    path: Path
    rows: int
    bytes: int
    sha256: str


def write_lines(log: StreamLog, sealed: Sealed) -> Ready | None:
    """Turn a sealed segment into a file of JSON lines; None when it holds no rows.

    The lines, then the keys, are durable before the segment goes. A kill in between repeats it all
    with the same result.
    """
    with log.turn:
        try:
            data = sealed.path.read_bytes()
        except FileNotFoundError:
            return None  # a recovery took it up meanwhile, and it was done then
        scanned = frame.scan(data)
        lines = b"".join(one.payload for one in scanned.frames)
        target = sealed.path.with_suffix(LINES)
        reach("stream.lines")
        if lines:
            _publish(target, lines)
        reach("stream.keys")
        log.key_file.append([unpack(one.header) for one in scanned.frames], log.state())
        reach("stream.unlink")
        if scanned.damaged:
            os.replace(sealed.path, sealed.path.with_suffix(".damaged"))
        else:
            sealed.path.unlink()
        fsync_directory(log.directory)
        return found(target, lines) if lines else None


def found(path: Path, lines: bytes | None = None) -> Ready:
    """A file of lines as it lies on the disk."""
    data = path.read_bytes() if lines is None else lines
    return Ready(path, data.count(b"\n"), len(data), hashlib.sha256(data).hexdigest())


def deliver(transaction: Transaction, dataset: str, ready: Sequence[Ready], *, patient: bool) -> bool:
    """Put lines into the ledger, once, with one job for all; False when the last job is still at it.

    Being `patient` lets segments gather while a job runs, so that a fast stream makes a version a
    job and not a version a segment.
    """
    if patient and _is_busy(transaction, dataset):
        return False
    fresh = [one for one in ready if not is_known(transaction, dataset, one.path)]
    if not fresh:
        return True
    ids = transaction.next_ids("f", len(fresh))
    rows = [_row(transaction, dataset, id, number, one) for (id, number), one in zip(ids, fresh, strict=True)]
    files.put_many(transaction, rows)
    total = sum(one.rows for one in fresh)
    file_locations.enqueue(
        transaction, FilePurpose.DATA, dataset, [row.file.id for row in rows], trigger=f"{count(total)} streamed rows"
    )
    return True


def ledger_path(dataset: str, path: Path) -> str:
    """What people see as the path of a delivery."""
    return f"{STREAM}{dataset}/{path.name}"


def is_known(query: Query, dataset: str, path: Path) -> bool:
    """Whether the ledger has this delivery."""
    return query.one("SELECT 1 FROM files WHERE path = ? LIMIT 1", [ledger_path(dataset, path)]) is not None


def _is_busy(query: Query, dataset: str) -> bool:
    open_jobs = [*jobs.queued(query), *jobs.running(query)]
    return any(job.kind is JobKind.INTAKE and job.subject == dataset for job in open_jobs)


def _row(transaction: Transaction, dataset: str, id: str, number: int, ready: Ready) -> LedgerRow:
    status = ready.path.stat()
    file = FileRecord(
        id=id,
        dataset=dataset,
        path=ledger_path(dataset, ready.path),
        sha256=ready.sha256,
        bytes=ready.bytes,
        state=FileState.STAGED,
        seen_at=transaction.now,
    )
    identity = Identity(
        raw_path=os.fsencode(ready.path),
        dev=status.st_dev,
        ino=status.st_ino,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
    )
    return LedgerRow(file=file, number=number, identity=identity, staged=str(ready.path))


def _publish(target: Path, lines: bytes) -> None:
    replace_file(target, lines)
