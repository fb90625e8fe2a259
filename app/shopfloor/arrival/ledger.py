"""What the watch writes about files: first sight, refusal, claim, duplicate, wait, disappearance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from shopfloor.arrival import file_locations
from shopfloor.arrival.claim import Claimed
from shopfloor.arrival.scan import Found, Observation, identity_of
from shopfloor.domain.file import FilePurpose, FileRecord, FileState, Reason
from shopfloor.domain.text import counted
from shopfloor.store import files
from shopfloor.store.files import Identity, LedgerRow, Sightings
from shopfloor.store.transaction import Transaction

MANY = 20  # above this many files one event speaks for all of them


class _Named(NamedTuple):
    """What an event says of a file."""

    id: str
    dataset: str
    path: str


def first_sight(transaction: Transaction, found: Sequence[Found]) -> Sequence[str]:
    """A row for every file the moment it is seen, so that none is ever unaccounted for. Returns their ids."""
    ids, numbers = zip(*transaction.next_ids("f", len(found)), strict=True)
    purposes, observed, raw_paths = zip(*found, strict=True)
    names = [seen.name for seen in observed]
    paths = [f"{_FOLDER[purpose]}/{seen.safe_path}" for purpose, seen, _ in found]
    reasons = [seen.reason for seen in observed]
    identities = list(map(identity_of, observed))
    files.put_sightings(transaction, Sightings(ids, numbers, purposes, names, paths, raw_paths, identities, reasons))
    files_named = list(map(_Named, ids, names, paths))
    arrived = [file for file, reason in zip(files_named, reasons, strict=True) if reason is None]
    announce(transaction, "file.arrived", arrived, "arrived")
    refused = [(file, reason) for file, reason in zip(files_named, reasons, strict=True) if reason is not None]
    if len(refused) > MANY:
        announce(transaction, "file.refused", [file for file, _ in refused], "refused")
    else:
        for file, reason in refused:
            _emit_refusal(transaction, file, reason)
    return ids


_FOLDER = {FilePurpose.DATA: "inbox", FilePurpose.SCORE: "score", FilePurpose.ACTUALS: "actuals"}


def identity(seen: Observation, raw: bytes) -> Identity:
    """What is known of a file without reading it."""
    return Identity(
        raw_path=raw, dev=seen.dev, ino=seen.ino, size=seen.size, mtime_ns=seen.mtime_ns, ctime_ns=seen.ctime_ns
    )


def claimed(
    transaction: Transaction,
    purpose: FilePurpose,
    dataset: str,
    claims: Sequence[tuple[str, Observation, bytes, Claimed]],
    *,
    repeated: bool = False,
    notices: Mapping[str, Sequence[str]] | None = None,
) -> list[LedgerRow]:
    """Claimed copies: new content is staged for one job, known content recorded. Returns what needs no job.

    With `repeated` known content is taken in again. `notices` are what is odd about files, by id.
    """
    digests = [copy.sha256 for *_, copy in claims]
    known = files.committed_content(transaction, purpose, dataset, digests)
    refused_before = files.held_content(transaction, purpose, dataset, digests)
    rows = {row.file.id: row for row in files.ledger(transaction, [id for id, *_ in claims])}
    staged: list[LedgerRow] = []
    done: list[LedgerRow] = []
    for id, seen, raw, copy in claims:
        row = with_copy(rows[id], seen, raw, copy)
        file = row.file
        held = refused_before.get(copy.sha256)
        if copy.sha256 in known and not repeated:
            done.append(_duplicate(transaction, row, known[copy.sha256]))
        elif held is not None:
            done.append(_held_again(transaction, row, held))
        else:
            known[copy.sha256] = id
            staged.append(msgspec.structs.replace(row, file=msgspec.structs.replace(file, state=FileState.STAGED)))
    files.put_many(transaction, staged)
    if staged:
        what = f"{counted(len(staged), 'file')} settled"
        odd = {row.file.id: list(said) for row in staged if (said := (notices or {}).get(row.file.id))}
        file_locations.enqueue(
            transaction, purpose, dataset, [row.file.id for row in staged], trigger=what, notices=odd
        )
    return done


def with_copy(row: LedgerRow, seen: Observation, raw: bytes, copy: Claimed) -> LedgerRow:
    """A file's row once its content is known."""
    file = msgspec.structs.replace(row.file, sha256=copy.sha256, bytes=copy.bytes, reason=None)
    place = {"staged": copy.path, "staged_offset": copy.offset}
    return msgspec.structs.replace(row, file=file, identity=identity(seen, raw), **place)


def _duplicate(transaction: Transaction, row: LedgerRow, first: str) -> LedgerRow:
    reason = Reason(code="duplicate", message=f"Its content was already committed with {first}.")
    file = msgspec.structs.replace(row.file, state=FileState.DUPLICATE, duplicate_of=first, reason=reason)
    files.put(transaction, msgspec.structs.replace(row, file=file, staged=None))
    transaction.emit(
        "file.duplicate",
        file.dataset,
        f"{file.path} is a duplicate of {first}: nothing is added",
        data={"file": file.id, "of": first},
    )
    return msgspec.structs.replace(row, file=file)


def _held_again(transaction: Transaction, row: LedgerRow, held: FileRecord) -> LedgerRow:
    """The same content that was refused before: counted, kept once, never tried in a loop."""
    file = msgspec.structs.replace(
        row.file, state=held.state, reason=held.reason, seen_count=held.seen_count + 1, duplicate_of=held.id
    )
    files.put(transaction, msgspec.structs.replace(row, file=file, staged=None))
    transaction.emit(
        "file.held_again",
        file.dataset,
        f"{file.path} has the content of {held.id}, which is {held.state}",
        data={"file": file.id, "of": held.id},
    )
    return msgspec.structs.replace(row, file=file)


def refused(transaction: Transaction, id: str, reason: Reason) -> None:
    """The file cannot be taken in as it is."""
    row = files.ledger(transaction, [id])[0]
    file = msgspec.structs.replace(row.file, state=FileState.REFUSED, reason=reason)
    files.put(transaction, msgspec.structs.replace(row, file=file))
    _emit_refusal(transaction, file, reason)


def waiting(transaction: Transaction, ids: Sequence[str], reason: Reason) -> None:
    """The files stay safely where they are and say why they wait."""
    rows = [
        msgspec.structs.replace(row, file=msgspec.structs.replace(row.file, state=FileState.WAITING, reason=reason))
        for row in files.ledger(transaction, ids)
        if row.file.state in {FileState.SETTLING, FileState.WAITING} and row.file.reason != reason
    ]
    files.put_many(transaction, rows)
    found = [row.file for row in rows]
    announce(transaction, "file.waiting", found, f"are waiting: {reason.message}", f"is waiting: {reason.message}")


def vanished(transaction: Transaction, ids: Sequence[str]) -> None:
    """A file that went away before it was taken in is a note, not an error."""
    reason = Reason(code="vanished", message="It was removed before it was ingested.", hint="Deliver it again.")
    rows = [
        msgspec.structs.replace(row, file=msgspec.structs.replace(row.file, state=FileState.DISCARDED, reason=reason))
        for row in files.ledger(transaction, ids)
    ]
    files.put_many(transaction, rows)
    were, was = "were removed before they were ingested", "was removed before it was ingested"
    announce(transaction, "file.vanished", [row.file for row in rows], were, was)


def announce(
    transaction: Transaction, kind: str, found: Sequence[FileRecord | _Named], what: str, one: str = ""
) -> None:
    """One event a file, or one for all when there are many; `one` is what is said of a single file."""
    if len(found) > MANY:
        transaction.emit(kind, found[0].dataset, f"{len(found)} files {what}", data={"files": len(found)})
        return
    for file in found:
        transaction.emit(kind, file.dataset, f"{file.path} {one or what}", data={"file": file.id})


def _emit_refusal(transaction: Transaction, file: FileRecord | _Named, why: Reason) -> None:
    said = f"{file.path} is refused: {why.message}"
    transaction.emit("file.refused", file.dataset, said, data={"file": file.id})
