"""The ledger of delivered files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shopfloor.domain.codec import to_text
from shopfloor.domain.file import STREAM, Derivation, FilePurpose, FileRecord, FileState, Reason
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.retry_options import RetryOptions
from shopfloor.domain.status import FileCounts
from shopfloor.store import bulk
from shopfloor.store.rows import Filter, Query, aware, count, decode, page, scalar, stored_time, window
from shopfloor.store.transaction import Transaction

_COLUMNS = (
    "id, dataset, path, purpose, sha256, size, rows, rejected_rows, state, reason, version, duplicate_of, seen_count, "
    "seen_at, committed_at, corrects, notices, changed_rows, derived"
)


class Identity(Record, frozen=True, kw_only=True):
    """What is known of a file without reading it; a change of any part means new content may be there."""

    raw_path: bytes
    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int


class LedgerRow(Record, frozen=True, kw_only=True):
    """A file with what the engine needs to work on it.

    `staged` is the file that holds its claimed copy, `staged_offset` where in it that begins if others are in it, too.
    `again` are the options of a person's retry; they are removed once that is decided.
    """

    file: FileRecord
    number: int
    identity: Identity
    staged: str | None = None
    staged_offset: int | None = None
    again: RetryOptions | None = None


class Sightings(NamedTuple):
    """Files at first sight, by column: all that is known of them then. A burst has forty thousand, hence no records."""

    ids: Sequence[str]
    numbers: Sequence[int]
    purposes: Sequence[FilePurpose]
    datasets: Sequence[str]
    paths: Sequence[str]
    raw_paths: Sequence[bytes]
    identities: Sequence[tuple[int, int, int, int, int]]  # dev, ino, size, mtime_ns, ctime_ns
    reasons: Sequence[Reason | None]


def put_observed(transaction: Transaction, found: Sightings) -> None:
    """Insert files that were never seen before: those with a reason are refused, the others settle."""
    count = len(found.ids)
    devs, inos, sizes, mtimes, ctimes = zip(*found.identities, strict=True)
    settling, refused = FileState.SETTLING, FileState.REFUSED
    transaction.insert_columns(
        "files",
        {
            "id": found.ids,
            "number": found.numbers,
            "purpose": found.purposes,
            "dataset": found.datasets,
            "path": found.paths,
            "raw_path": found.raw_paths,
            "dev": devs,
            "ino": inos,
            "size": sizes,
            "mtime_ns": mtimes,
            "ctime_ns": ctimes,
            "rejected_rows": count * (0,),
            "state": [settling if reason is None else refused for reason in found.reasons],
            "reason": [None if reason is None else to_text(reason) for reason in found.reasons],
            "seen_count": count * (1,),
            "seen_at": count * (transaction.now,),
        },
    )


def put(transaction: Transaction, row: LedgerRow, *, keep: bool = False) -> None:
    """Insert or replace one file; `keep` writes it to the journal too."""
    put_many(transaction, [row], keep=keep)


def put_many(transaction: Transaction, rows: Iterable[LedgerRow], *, keep: bool = False) -> None:
    """`put` for several files."""
    transaction.put_many("files", [_plain(row) for row in rows], keep=keep)


def _plain(row: LedgerRow) -> dict[str, Any]:
    file, identity = row.file, row.identity
    return {
        "id": file.id,
        "number": row.number,
        "purpose": str(file.purpose),
        "dataset": file.dataset,
        "path": file.path,
        "raw_path": identity.raw_path,
        "dev": identity.dev,
        "ino": identity.ino,
        "size": file.bytes,
        "mtime_ns": identity.mtime_ns,
        "ctime_ns": identity.ctime_ns,
        "sha256": file.sha256,
        "rows": file.rows,
        "rejected_rows": file.rejected_rows,
        "changed_rows": file.changed_rows,
        "state": str(file.state),
        "reason": None if file.reason is None else to_text(file.reason),
        "version": file.version,
        "duplicate_of": file.duplicate_of,
        "corrects": file.corrects,
        "notices": to_text(file.notices) if file.notices else None,
        "seen_count": file.seen_count,
        "staged": row.staged,
        "staged_offset": None if row.staged is None else row.staged_offset,
        "again": to_text(row.again) if row.again is not None and _open(file.state) else None,
        "seen_at": file.seen_at,
        "committed_at": file.committed_at,
        "derived": file.derived,
    }


def _open(state: FileState) -> bool:
    """Whether a retry with its options may still follow."""
    return state.unsettled or state is FileState.QUARANTINED


def get(query: Query, id: str) -> FileRecord | None:
    """One file by its id."""
    row = query.one(f"SELECT {_COLUMNS} FROM files WHERE id = ?", [id])
    return None if row is None else _record(row)


def records(query: Query, ids: Sequence[str]) -> list[FileRecord]:
    """Files by their ids, in order of arrival."""
    these = "id IN (SELECT unnest(?::VARCHAR[]))"
    return [
        _record(row) for row in query.all(f"SELECT {_COLUMNS} FROM files WHERE {these} ORDER BY number", [list(ids)])
    ]


def ledger(query: Query, ids: Sequence[str]) -> list[LedgerRow]:
    """Files with their identities, in order of arrival."""
    if not ids:
        return []
    these = "id IN (SELECT unnest(string_split(?, ' ')))"  # one parameter, however many they are
    return [_ledger(row) for row in query.all(f"{_LEDGER} WHERE {these} ORDER BY number", [" ".join(ids)])]


def at_path(query: Query, path: str) -> LedgerRow | None:
    """The newest file that was delivered as `path`."""
    row = query.one(f"{_LEDGER} WHERE path = ? ORDER BY number DESC LIMIT 1", [path])
    return None if row is None else _ledger(row)


def at_inode(query: Query, at: tuple[int, int]) -> list[LedgerRow]:
    """Files that had this inode and time of change."""
    return [_ledger(row) for row in query.all(f"{_LEDGER} WHERE ino = ? AND mtime_ns = ?", list(at))]


def newest_at(query: Query, raw_path: bytes) -> FileRecord | None:
    """The newest file that was delivered under a path, byte for byte."""
    row = query.one(f"SELECT {_COLUMNS} FROM files WHERE raw_path = ? ORDER BY number DESC LIMIT 1", [raw_path])
    return None if row is None else _record(row)


def followed(query: Query, dataset: str, dev: int, ino: int, born: int) -> LedgerRow | None:
    """The record of a file that is followed, whose time of change is when that began."""
    row = query.one(
        f"{_LEDGER} WHERE dataset = ? AND dev = ? AND ino = ? AND mtime_ns = ? LIMIT 1", [dataset, dev, ino, born]
    )
    return None if row is None else _ledger(row)


def deliveries(query: Query, dataset: str) -> tuple[FileRecord | None, FileRecord | None, FileRecord | None]:
    """Of a stream's deliveries: the newest that was ingested, the oldest in progress, and the oldest that is held."""

    def first(states: str, order: str) -> FileRecord | None:
        row = query.one(
            f"SELECT {_COLUMNS} FROM files WHERE dataset = ? AND starts_with(path, ?) AND state IN ({states}) "
            f"ORDER BY number {order} LIMIT 1",
            [dataset, f"{STREAM}{dataset}/"],
        )
        return None if row is None else _record(row)

    return (
        first("'committed', 'withdrawn'", "DESC"),
        first("'settling', 'waiting', 'staged'", "ASC"),
        first("'quarantined', 'refused'", "ASC"),
    )


def staged_bytes(query: Query, purpose: FilePurpose, dataset: str) -> int:
    """How much is claimed and not read yet."""
    return scalar(
        query,
        "SELECT coalesce(sum(size), 0)::BIGINT FROM files WHERE purpose = ? AND dataset = ? AND state = 'staged'",
        [purpose.value, dataset],
    )


def is_staged(query: Query, path: str) -> bool:
    """Whether the file at `path` holds the claimed copy of any file."""
    return query.one("SELECT 1 FROM files WHERE staged = ? LIMIT 1", [path]) is not None


def in_states(query: Query, states: Sequence[FileState]) -> list[LedgerRow]:
    """All files in any of `states`, in order of arrival."""
    marks = ", ".join("?" for _ in states)
    return [
        _ledger(row)
        for row in query.all(f"{_LEDGER} WHERE state IN ({marks}) ORDER BY number", [s.value for s in states])
    ]


def known(query: Query, paths: Sequence[bytes]) -> list[tuple[str, bytes, int, int, int, int, int]]:
    """(id, raw_path, dev, ino, size, mtime_ns, ctime_ns) of the newest record of each of `paths` that has one.

    Asked of paths and not of the whole ledger, which only grows. A file that vanished and comes again is new.
    """
    return query.all(
        "SELECT arg_max(id, number), raw_path, arg_max(dev, number), arg_max(ino, number), arg_max(size, number), "
        "arg_max(mtime_ns, number), arg_max(ctime_ns, number) FROM files "
        f"WHERE raw_path IN ({bulk.BLOBS}) GROUP BY raw_path "
        "HAVING arg_max(coalesce(reason ->> 'code', ''), number) <> 'vanished'",
        [bulk.blobs(paths)],
    )


def committed_content(query: Query, purpose: FilePurpose, dataset: str, digests: Sequence[str]) -> dict[str, str]:
    """sha256 to id for content that is in already."""
    if not digests:
        return {}
    marks = ", ".join("?" for _ in digests)
    rows = query.all(
        f"SELECT sha256, min_by(id, number) FROM files WHERE purpose = ? AND dataset = ? "
        f"AND state = 'committed' AND sha256 IN ({marks}) AND NOT starts_with(path, '{STREAM}') "
        "GROUP BY sha256",
        [purpose.value, dataset, *digests],
    )
    return {row[0]: row[1] for row in rows}


def present_at(
    query: Query, purpose: FilePurpose, dataset: str, paths: Sequence[bytes]
) -> dict[bytes, tuple[str, ...]]:
    """Raw path to the files that were ingested under it and whose rows are still there, oldest first."""
    if not paths:
        return {}
    marks = ", ".join("?" for _ in paths)
    rows = query.all(
        "SELECT raw_path, list(id ORDER BY number) FROM files WHERE purpose = ? AND dataset = ? "
        f"AND state = 'committed' AND raw_path IN ({marks}) GROUP BY raw_path",
        [purpose.value, dataset, *paths],
    )
    return {bytes(row[0]): tuple(row[1]) for row in rows}


def held_content(query: Query, purpose: FilePurpose, dataset: str, digests: Sequence[str]) -> dict[str, FileRecord]:
    """sha256 to the newest record of content in quarantine, or discarded from it."""
    if not digests:
        return {}
    marks = ", ".join("?" for _ in digests)
    rows = query.all(
        f"SELECT {_COLUMNS} FROM files WHERE purpose = ? AND dataset = ? "
        f"AND state IN ('quarantined', 'discarded') AND sha256 IN ({marks}) AND NOT starts_with(path, '{STREAM}') "
        "ORDER BY number",
        [purpose.value, dataset, *digests],
    )
    return {file.sha256: file for row in rows if (file := _record(row)).sha256 is not None}


def recent_rows(query: Query, dataset: str, limit: int) -> tuple[int, ...]:
    """How many rows, rejected ones included, each of the newest committed files of a dataset has."""
    rows = query.all(
        "SELECT rows + rejected_rows FROM files WHERE purpose = 'data' AND dataset = ? AND state = 'committed' "
        "AND rows IS NOT NULL ORDER BY number DESC LIMIT ?",
        [dataset, limit],
    )
    return tuple(int(row[0]) for row in rows)


def same_content(query: Query, file: FileRecord, state: FileState) -> list[LedgerRow]:
    """Other deliveries of the same content for the same purpose that are in `state`."""
    return [
        _ledger(row)
        for row in query.all(
            f"{_LEDGER} WHERE purpose = ? AND dataset = ? AND sha256 = ? AND state = ? AND id <> ? ORDER BY number",
            [file.purpose.value, file.dataset, file.sha256, state.value, file.id],
        )
    ]


def repeats_of(query: Query, ids: Sequence[str]) -> list[LedgerRow]:
    """Deliveries that were recorded as duplicates of these files."""
    if not ids:
        return []
    these = "duplicate_of IN (SELECT unnest(string_split(?, ' ')))"
    return [
        _ledger(row)
        for row in query.all(f"{_LEDGER} WHERE state = 'duplicate' AND {these} ORDER BY number", [" ".join(ids)])
    ]


_HELD = "(state = 'quarantined')"


def listing(
    query: Query,
    *,
    dataset: str,
    state: str,
    purpose: str,
    text: str,
    limit: int,
    offset: int,
    held_first: bool = False,
    around: str = "",
) -> Page[FileRecord]:
    """Files, newest first; see `FileList`."""
    where = Filter().equal("dataset", dataset).equal("state", state).equal("purpose", purpose).contains("path", text)
    if around:
        place = _place(query, where, around, held_first=held_first)
        offset = offset if place is None else max(0, place - limit // 2)
    order = f"{_HELD} DESC, number DESC" if held_first else "number DESC"
    rows = window(query, "files", _COLUMNS, where, order, limit, offset)
    return page([_record(row) for row in rows], count(query, "files", where), offset)


def _place(query: Query, where: Filter, id: str, *, held_first: bool) -> int | None:
    """How many files stand before one in a listing; None where the filters leave it out."""
    ahead = "(listed.held, listed.number) > (one.held, one.number)" if held_first else "listed.number > one.number"
    row = query.one(
        f"WITH listed AS (SELECT id, {_HELD} AS held, number FROM files {where.where()}), "
        "one AS (SELECT held, number FROM listed WHERE id = ?) "
        f"SELECT (SELECT count(*) FROM listed, one WHERE {ahead}) FROM one",
        [*where.parameters, id],
    )
    return None if row is None else int(row[0])


def counts(query: Query) -> FileCounts:
    """How many files are in each state."""
    found = dict(query.all("SELECT state, count(*) FROM files GROUP BY state"))
    return FileCounts(
        waiting=sum(found.get(state, 0) for state in ("settling", "waiting", "staged")),
        quarantined=found.get("quarantined", 0),
        committed=found.get("committed", 0) + found.get("withdrawn", 0),
        duplicate=found.get("duplicate", 0),
        refused=found.get("refused", 0) + found.get("discarded", 0),
        discarded=found.get("discarded", 0),
        seen=sum(found.values()),
    )


_LEDGER = f"SELECT {_COLUMNS}, number, raw_path, dev, ino, mtime_ns, ctime_ns, staged, staged_offset, again FROM files"


def _ledger(row: tuple[Any, ...]) -> LedgerRow:
    file = _record(row[:19])
    number, raw_path, dev, ino, mtime_ns, ctime_ns, staged, staged_offset, again = row[19:]
    identity = Identity(
        raw_path=bytes(raw_path), dev=dev, ino=ino, size=file.bytes, mtime_ns=mtime_ns, ctime_ns=ctime_ns
    )
    return LedgerRow(
        file=file,
        number=number,
        identity=identity,
        staged=staged,
        staged_offset=staged_offset,
        again=decode(again, RetryOptions),
    )


def of_image(image: dict[str, Any]) -> FileRecord:
    """A file as it was, from the history of rows."""
    times = {"seen_at", "committed_at"}
    values = ((name, image.get(name)) for name in _COLUMNS.split(", "))
    return _record(tuple(datetime.fromisoformat(value) if value and name in times else value for name, value in values))


def _record(row: tuple[Any, ...]) -> FileRecord:
    return FileRecord(
        id=row[0],
        dataset=row[1],
        path=row[2],
        purpose=FilePurpose(row[3]),
        sha256=row[4],
        bytes=row[5],
        rows=row[6],
        rejected_rows=row[7],
        state=FileState(row[8]),
        reason=decode(row[9], Reason),
        version=row[10],
        duplicate_of=row[11],
        seen_count=row[12],
        seen_at=stored_time(row[13]),
        committed_at=aware(row[14]),
        corrects=row[15],
        notices=decode(row[16], tuple[str, ...]) or (),
        changed_rows=row[17] or 0,
        derived=None if row[18] is None else Derivation(row[18]),
    )
