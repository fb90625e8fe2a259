"""Which file is which, whatever it is called today: followed files and their places."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import msgspec

from shopfloor.domain.file import FileRecord, FileState, Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted, safe
from shopfloor.intake.streaming.entry import StreamSource
from shopfloor.store import files
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.layout import Layout

_HEAD = 1024
_COPY = 4096  # two files that agree in so many bytes are one and its copy, not two that begin alike
_CHUNK = 1 << 20
_ALIKE = 64 << 10


def recognise(handle: int, path: str, known: Iterable[StreamSource], *, gone: frozenset[str], now: int) -> StreamSource:
    """Where reading goes on in an open file: the place of the source that it is, or its beginning.

    The same inode with the same beginning is the same file, under whatever name. A file whose
    content up to a source's place is that source's is its copy (a rotation that copies and then
    truncates) and goes on from there, if the source is `gone` or truncated (by `dev:ino`), or if
    they agree in 4 KiB. All else is new.
    """
    status = os.fstat(handle)
    begun = StreamSource(path=path, dev=status.st_dev, ino=status.st_ino, born=now)
    candidates = list(known)
    for source in candidates:
        same = (source.dev, source.ino) == (status.st_dev, status.st_ino)
        if same and _continues(handle, source, status.st_size):
            return msgspec.structs.replace(source, path=path)
    for source in sorted(candidates, key=lambda one: -one.offset):
        if not source.offset or (source.offset < _COPY and f"{source.dev}:{source.ino}" not in gone):
            continue
        if _continues(handle, source, status.st_size) and _crc(handle, source.offset) == source.crc:
            return msgspec.structs.replace(
                source, path=path, dev=status.st_dev, ino=status.st_ino, born=now, rows=0, rejected=0
            )
    return begun


def begins_alike(handle: int, other: int, size: int) -> bool:
    """Whether a file of `size` bytes may be a copy of the `other`, as far as it goes."""
    looked = min(size, _ALIKE)
    return os.pread(handle, looked, 0) == os.pread(other, looked, 0)


def began_so(handle: int, source: StreamSource, size: int) -> bool:
    """Whether a file of `size` bytes begins as the one did whose place was noted, as far as that is known."""
    return size < source.head_bytes or _head(handle, source.head_bytes) == source.head


def is_intact(handle: int, source: StreamSource) -> bool:
    """False when the file was truncated or written anew since its place was noted."""
    return _continues(handle, source, os.fstat(handle).st_size)


def advance(handle: int, source: StreamSource, lines: bytes, *, rows: int, rejected: int) -> StreamSource:
    """The place after `lines` were read at `source`'s."""
    offset = source.offset + len(lines)
    head_bytes = min(_HEAD, offset)
    if head_bytes > source.head_bytes:
        head = _head(handle, head_bytes)
    else:
        head, head_bytes = source.head, source.head_bytes
    return msgspec.structs.replace(
        source,
        offset=offset,
        head=head,
        head_bytes=head_bytes,
        crc=zlib.crc32(lines, source.crc),
        lines=source.lines + lines.count(b"\n"),
        rows=source.rows + rows,
        rejected=source.rejected + rejected,
    )


def _continues(handle: int, source: StreamSource, size: int) -> bool:
    if size < source.offset or _head(handle, source.head_bytes) != source.head:
        return False
    return source.offset == 0 or os.pread(handle, 1, source.offset - 1) == b"\n"


def _head(handle: int, size: int) -> str:
    return sha256(os.pread(handle, size, 0)).hexdigest()[:32] if size else ""


def _crc(handle: int, end: int) -> int:
    crc = at = 0
    while at < end and (piece := os.pread(handle, min(_CHUNK, end - at), at)):
        crc = zlib.crc32(piece, crc)
        at += len(piece)
    return crc


def note_followed(transaction: Transaction, layout: Layout, dataset: str, sources: Iterable[StreamSource]) -> None:
    """Show followed files in the ledger: what is in of them is committed, or on its way as a delivery.

    A file that began anew after a truncation is another row; one that was renamed is not.
    """
    for source in sources:
        path = f"inbox/{dataset}/{safe(source.path)}"
        before = files.followed(transaction, dataset, source.dev, source.ino, source.born)
        if before is not None and (before.file.path, before.file.bytes) == (path, source.offset):
            continue
        row = _row(transaction, layout, dataset, path, source, before)
        files.put(transaction, row)
        if before is None:
            transaction.emit("file.followed", dataset, f"{path} is now followed", data={"file": row.file.id})


def _row(
    transaction: Transaction, layout: Layout, dataset: str, path: str, source: StreamSource, before: LedgerRow | None
) -> LedgerRow:
    reason = Reason(
        code="followed",
        message=f"It is followed: {counted(source.lines, 'line is', 'lines are')} in, "
        f"up to byte {count(source.offset)}.",
        hint=f"Its rows are delivered as stream/{dataset}/….",
    )
    id, number = (before.file.id, before.number) if before is not None else transaction.next_id("f")
    file = FileRecord(
        id=id,
        dataset=dataset,
        path=path,
        bytes=source.offset,
        rows=source.rows,
        rejected_rows=source.rejected,
        state=FileState.COMMITTED,
        reason=reason,
        seen_at=before.file.seen_at if before is not None else transaction.now,
        committed_at=transaction.now,
    )
    identity = Identity(
        raw_path=os.fsencode(layout.inbox / dataset / Path(source.path)),
        dev=source.dev,
        ino=source.ino,
        size=source.offset,
        mtime_ns=source.born,
        ctime_ns=0,
    )
    return LedgerRow(file=file, number=number, identity=identity)
