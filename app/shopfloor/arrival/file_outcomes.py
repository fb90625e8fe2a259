"""Delivered files that are not data: what becomes of their bytes and ledger rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

import shopfloor
from shopfloor.arrival import file_locations, ledger
from shopfloor.arrival.quarantine import QuarantineRecord, quarantine
from shopfloor.domain.contract import Originals
from shopfloor.domain.errors import ConfigError, ShopfloorError
from shopfloor.domain.file import FilePurpose, FileRecord, FileState, Reason
from shopfloor.domain.job import JobRecord
from shopfloor.domain.reject import Reject
from shopfloor.domain.remedy import FileVerb, Remedy, advice
from shopfloor.domain.text import safe
from shopfloor.domain.wire import WireError
from shopfloor.runtime.context import Context
from shopfloor.runtime.job_log import JobLogFile
from shopfloor.store import files
from shopfloor.store.files import LedgerRow
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_RETRY = Remedy(text="To ingest it after all", verb=FileVerb.RETRY)
_FINISHED = {FileState.COMMITTED, FileState.WITHDRAWN, FileState.DUPLICATE, FileState.QUARANTINED}
_NOTICE = 300  # characters of a notice
_NOTICES = 50  # of a file that are kept
_RECORDED = 20  # rejects in the record beside a quarantined file; the store keeps more


def staged_rows(context: Context, ids: list[str]) -> list[LedgerRow]:
    """The files of a job that still wait for it, in the job's order, each with its claimed copy.

    An attempt that was killed may have moved a copy into quarantine already; it is taken from there.
    """
    rows = {row.file.id: row for row in context.store.read(lambda query: files.ledger(query, ids))}
    there = {path for path in {row.staged for row in rows.values()} if path is not None and Path(path).exists()}
    # A later file wins over an earlier one, so the order is not that in which a scan met them.
    staged = [rows[id] for id in ids if id in rows and rows[id].file.state is FileState.STAGED]
    return [row if row.staged in there else _staged_again(context, row) for row in staged]


def _staged_again(context: Context, row: LedgerRow) -> LedgerRow:
    again = file_locations.stage_again(context.layout, row.file)
    return msgspec.structs.replace(row, staged=str(again), staged_offset=None)


def containers(rows: Iterable[LedgerRow]) -> set[str]:
    """The containers in which claimed copies of files lie."""
    return {row.staged for row in rows if row.staged is not None and row.staged_offset is not None}


def remove_containers(query: Query, paths: Iterable[str]) -> None:
    """Remove those of the containers in which nobody waits for a claimed copy any more."""
    for path in paths:
        if not files.is_staged(query, path):
            Path(path).unlink(missing_ok=True)


def reason_of(error: WireError) -> Reason:
    """An error as the reason of a file."""
    return Reason(
        code=error.code,
        message=error.message,
        hint=error.hint,
        line=error.line,
        column=error.column,
        remedies=error.remedies,
    )


def addressed(reason: Reason, id: str) -> Reason:
    """The reason with its remedies as commands about the file, so that they can be copied."""
    hint = advice(reason.hint, [remedy.for_file(id) for remedy in reason.remedies])
    return msgspec.structs.replace(reason, hint=hint, remedies=())


class CommittedFile(NamedTuple):
    """A file whose content is in: how many rows, in words what became of it, in which version, how it was read."""

    row: LedgerRow
    rows: int
    what: str
    version: int | None = None
    notices: Sequence[str] = ()


def commit_file(transaction: Transaction, row: LedgerRow, rows: int, what: str, *, notices: Sequence[str] = ()) -> None:
    """The file's content is in."""
    commit_files(transaction, [CommittedFile(row, rows, what, notices=notices)])


def with_notices(words: str, notices: Sequence[str]) -> str:
    """What became of a file, and how it was read."""
    return f"{words}. {' '.join(safe(notice, _NOTICE) for notice in notices)}" if notices else words


def commit_files(transaction: Transaction, taken: Sequence[CommittedFile]) -> None:
    """`commit_file` for a whole delivery, in one statement; one event stands for many files."""
    rows = [_committed(transaction, one) for one in taken]
    files.put_many(transaction, rows, keep=True)
    if len(rows) > ledger.MANY:
        ledger.announce(transaction, "file.committed", [row.file for row in rows], "committed")
        return
    for row, one in zip(rows, taken, strict=True):
        transaction.emit(
            "file.committed",
            row.file.dataset,
            f"{safe(row.file.path, 120)}: {one.what}",
            data={"file": row.file.id, "rows": one.rows},
        )


def _committed(transaction: Transaction, one: CommittedFile) -> LedgerRow:
    file = msgspec.structs.replace(
        one.row.file,
        state=FileState.COMMITTED,
        rows=one.rows,
        committed_at=transaction.now,
        reason=None,
        version=one.version,
        notices=_kept(one.notices),
    )
    return msgspec.structs.replace(one.row, file=file, staged=None)


def settle_repeats(transaction: Transaction, file: FileRecord, state: FileState) -> None:
    """The same content that waits in quarantine under other names shares the fate of `file`."""
    for row in files.same_content(transaction, file, FileState.QUARANTINED):
        reason = Reason(code="duplicate", message=f"Its content was committed with {file.id}.")
        same = msgspec.structs.replace(
            row.file,
            state=state,
            duplicate_of=file.id,
            reason=reason if state is FileState.DUPLICATE else row.file.reason,
        )
        files.put(transaction, msgspec.structs.replace(row, file=same, staged=None))


def hold_repeats(transaction: Transaction, held: Mapping[str, Reason]) -> None:
    """What was delivered together with files that are held, and has their content, is no duplicate of anything."""
    rows = []
    for row in files.repeats_of(transaction, list(held)):
        reason = addressed(held[row.file.duplicate_of or ""], row.file.id)
        same = msgspec.structs.replace(row.file, state=FileState.QUARANTINED, reason=reason)
        rows.append(msgspec.structs.replace(row, file=same))
    files.put_many(transaction, rows)


def _kept(notices: Sequence[str]) -> tuple[str, ...]:
    """Notices as the ledger keeps them: each once, printable, and no endless list."""
    return tuple(safe(notice, _NOTICE) for notice in list(dict.fromkeys(notices))[:_NOTICES])


def quarantine_file(
    transaction: Transaction,
    row: LedgerRow,
    reason: Reason,
    *,
    wrong: int = 0,
    fitting: int | None = None,
    notices: Sequence[str] = (),
) -> None:
    """The file is held with a reason; `wrong` of its rows are known to be at fault, `fitting` not to be."""
    file = msgspec.structs.replace(
        row.file,
        state=FileState.QUARANTINED,
        reason=addressed(reason, row.file.id),
        rows=fitting,
        rejected_rows=wrong,
        notices=_kept(notices),
    )
    files.put(transaction, msgspec.structs.replace(row, file=file, staged=None))
    transaction.emit(
        "file.quarantined",
        file.dataset,
        f"{safe(file.path, 120)} is quarantined: {reason.message}",
        data={"file": file.id, "code": reason.code},
    )


def hold_all(context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
    """The job ended without a result: its files are held with the reason, as none of them was ingested."""
    reason = reason_of(error)
    if not reason.hint and not reason.remedies:
        reason = msgspec.structs.replace(reason, remedies=(_RETRY,))
    rows = files.ledger(transaction, job.payload.get("files", []))
    for row in rows:
        if row.file.state is FileState.STAGED:
            keep_bytes(context, row, reason, hashed=True)
            quarantine_file(transaction, row, reason)
    remove_containers(transaction, containers(rows))


def keep_bytes(
    context: Context,
    row: LedgerRow,
    reason: Reason,
    *,
    rejected_rows: int = 0,
    rejects: Sequence[Reject] = (),
    notices: Sequence[str] = (),
    revision: int | None = None,
    hashed: bool = False,
) -> None:
    """Move the claimed copy of a refused file into quarantine with its record, before the ledger says so.

    `revision` is that of the contract which refused it. With `hashed` the claim's digest is taken for the copy's:
    inside a transaction, which all others wait for, nothing is read whose size a sender decides.
    """
    if row.staged is None or row.file.sha256 is None:
        return
    record = QuarantineRecord(
        id=row.file.id,
        dataset=row.file.dataset,
        path=row.file.path,
        path_hex=row.identity.raw_path.hex(),
        sha256=row.file.sha256,
        bytes=row.file.bytes,
        reason=addressed(reason, row.file.id),
        mtime_ns=row.identity.mtime_ns,
        arrived_at=row.file.seen_at,
        rejected_rows=rejected_rows,
        rejects=tuple(rejects[:_RECORDED]),
        notices=tuple(notices),
        rule=revision,
        software={"shopfloor": shopfloor.__version__},
    )
    copy = file_locations.own_copy(context.layout, row)
    quarantine(copy, record, context.layout.quarantine, hashed=hashed)


def originals_of(context: Context, purpose: FilePurpose, dataset: str) -> Originals:
    """What is to become of delivered files: their dataset's rule, else the workspace's."""
    own = None
    if purpose is FilePurpose.DATA:
        try:
            contract = context.contract(dataset)
            own = contract.arrival.originals if contract is not None else None
        except ConfigError:
            pass  # somebody is editing the contract: the workspace's rule is the safe one
    return own or context.settings.intake.originals


def finish(context: Context, rows: Sequence[LedgerRow]) -> None:
    """What follows a commit, for files that a killed engine left in their drop folders."""
    rules: dict[tuple[FilePurpose, str], Originals] = {}
    for row in rows:
        kept = row.file.state is FileState.QUARANTINED
        if row.file.state not in _FINISHED:
            continue
        folder = (row.file.purpose, row.file.dataset)
        if folder not in rules:
            rules[folder] = originals_of(context, *folder)
        if kept or rules[folder] is not Originals.KEEP or not row.file.dropped:
            clear(context, row, kept=kept, originals=rules[folder])


def clear_all(context: Context, job: JobRecord, done: Iterable[tuple[LedgerRow, bool]]) -> None:
    """After the commit of a job: its files leave their drop folders; an event reports those that cannot be removed.

    Each comes with whether its bytes are kept in quarantine.
    """
    rules: dict[FilePurpose, Originals] = {}
    failures: dict[str, str] = {}
    for row, kept in done:
        if row.file.purpose not in rules:
            rules[row.file.purpose] = originals_of(context, row.file.purpose, job.subject)
        error = clear(context, row, kept=kept, originals=rules[row.file.purpose])
        if error is not None:
            failures[error.message] = error.hint
    for message, hint in failures.items():
        sentence = f"{message} Files ingested from there are not archived. {hint}"
        JobLogFile(context.layout, job, context.clock).write(sentence)
        context.store.write(partial(_report_left, job=job, sentence=sentence))


def _report_left(transaction: Transaction, *, job: JobRecord, sentence: str) -> None:
    transaction.emit("file.left", job.subject, sentence, data={"job": job.id})


def clear(context: Context, row: LedgerRow, *, kept: bool, originals: Originals | None = None) -> ShopfloorError | None:
    """After the commit: the delivered file leaves its drop folder, or as `originals` says instead of the settings.

    Returns what hindered that.
    """
    if kept:
        return file_locations.remove_original(context.layout, row)
    originals = originals or context.settings.intake.originals
    if row.file.derived is not None:
        originals = Originals.DELETE  # its query makes it again
    if row.file.streamed and originals is Originals.KEEP:
        originals = Originals.ARCHIVE  # they lie in no drop folder in which they could be kept
    return file_locations.dispose(context.layout, row, originals, f"{context.clock.now():%Y-%m-%d}")
