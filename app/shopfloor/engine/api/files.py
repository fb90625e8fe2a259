"""Answers about delivered files."""

from __future__ import annotations

from collections.abc import Set

import msgspec

from shopfloor.arrival import file_locations, file_outcomes
from shopfloor.domain.contract import Parser
from shopfloor.domain.dialect import check_parser, merged
from shopfloor.domain.errors import ConfigError, NotFoundError, RefusedError, UsageError
from shopfloor.domain.file import FilePurpose, FileRecord, FileState
from shopfloor.domain.page import Page
from shopfloor.domain.requests.files import (
    FileAccept,
    FileBytes,
    FileDiscard,
    FileInspect,
    FileList,
    FileRetry,
    FileShow,
    FileSupersede,
    FileWithdraw,
)
from shopfloor.domain.retry_options import RetryOptions
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.intake.excerpt import excerpt
from shopfloor.store import derived, files
from shopfloor.store.files import LedgerRow
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_AGAIN = {FileState.QUARANTINED, FileState.DISCARDED}


def listing(services: EngineServices, request: FileList) -> Page[FileRecord]:
    """Files, newest first."""
    found = services.context.store.read(
        lambda query: files.listing(
            query,
            dataset=request.dataset,
            state=request.state,
            purpose=request.purpose,
            text=request.query,
            limit=request.limit,
            offset=request.offset,
            held_first=request.held_first,
            around=request.around,
        )
    )
    return msgspec.structs.replace(found, seq=services.context.store.last_seq)


def show(services: EngineServices, request: FileShow) -> FileRecord:
    """One file."""
    return services.context.store.read(lambda query: _row(query, request.id)).file


def inspect(services: EngineServices, request: FileInspect) -> FileBytes:
    """The lines around a quarantined file's failure."""
    file = services.context.store.read(lambda query: _row(query, request.id)).file
    _check_kept(file, f"Only quarantined files can be inspected. See: shopfloor file show {file.id}", _AGAIN)
    kept = file_locations.quarantined_path(services.context.layout, file)
    seen = excerpt(kept, file.reason.line if file.reason is not None else None)
    return FileBytes(id=file.id, first=seen.first, lines=seen.lines, binary=seen.binary)


def retry(services: EngineServices, request: FileRetry) -> FileRecord:
    """Take the kept bytes in again with today's contract, or with other parser settings."""
    return _again(services, request)


def accept(services: EngineServices, request: FileAccept) -> FileRecord:
    """Take the kept bytes in without the rows that do not fit, and columns as they come."""
    return _again(services, request)


def _again(services: EngineServices, request: FileRetry | FileAccept) -> FileRecord:
    def change(transaction: Transaction) -> FileRecord:
        row = _row(transaction, request.id)
        _check_kept(row.file, "Only quarantined files can be retried.", _AGAIN)
        _check_newest(transaction, row.file)
        options = _retry_options(services, request, row)
        staged = file_locations.stage_again(services.context.layout, row.file)
        file = msgspec.structs.replace(row.file, state=FileState.STAGED, reason=None)
        row = msgspec.structs.replace(row, file=file, staged=str(staged), staged_offset=None, again=options)
        files.put(transaction, row)
        file_locations.enqueue(
            transaction,
            file.purpose,
            file.dataset,
            [file.id],
            trigger=f"{'accepted' if options.accept else 'retried'} by {request.actor}",
            again=options,
        )
        transaction.emit(
            "file.staged",
            file.dataset,
            f"{safe(file.path, 120)} is ingested again",
            actor=request.actor,
            data={"file": file.id},
        )
        return file

    return services.mutate(request, change)


def _retry_options(services: EngineServices, request: FileRetry | FileAccept, row: LedgerRow) -> RetryOptions:
    """The options of the request. An accepted file is read as when it was held: with the options of its last retry."""
    file, before = row.file, row.again
    if isinstance(request, FileRetry):
        return RetryOptions(actor=request.actor, parser=_parser(services, request, file), keep=request.keep)
    if file.purpose is not FilePurpose.DATA:
        what = "change column types" if request.types else "be accepted without some of their rows"
        raise RefusedError(
            f"Only files of a dataset can {what}; {file.id} is one of {file.purpose}.",
            hint="Correct the file and deliver it again: the model expects all rows, of the types it was trained with.",
            code="not_data",
        )
    parser, keep = (before.parser, before.keep) if before is not None else (None, False)
    return RetryOptions(actor=request.actor, accept=True, types=request.types, parser=parser, keep=keep)


def _parser(services: EngineServices, request: FileRetry, file: FileRecord) -> Parser | None:
    """What the request says of the file, checked over the contract's settings; None when it says nothing."""
    if request.parser == Parser():
        if request.keep:
            raise UsageError("There are no settings to keep.", hint="Add settings, for example --delimiter ';'.")
        return None
    if request.keep and file.purpose is not FilePurpose.DATA:
        raise RefusedError(
            f"Only a file of the dataset can change its contract; {file.id} is one of {file.purpose}.",
            hint="Retry it without --keep: the settings count for this file.",
            code="not_data",
        )
    try:
        contract = services.context.contract(_dataset(services, file))
    except ConfigError:
        contract = None  # the file waits until the contract is corrected, and then these options apply
    check_parser(merged(contract.parser if contract is not None else Parser(), request.parser))
    return request.parser


def _dataset(services: EngineServices, file: FileRecord) -> str:
    """Whose contract says how the file is written."""
    return file.dataset if file.purpose is FilePurpose.DATA else services.context.definition(file.dataset).dataset


def withdraw(services: EngineServices, request: FileWithdraw) -> FileRecord:
    """A new version of the dataset without the rows of a committed file; a repeated request does nothing."""

    def change(transaction: Transaction) -> FileRecord:
        file = _row(transaction, request.id).file
        if file.state is FileState.WITHDRAWN:
            return file
        _check_in(file, "be withdrawn")
        if file.derived is not None:
            raise RefusedError(
                f"The query of {file.dataset} made the rows of {file.id}.",
                hint="Withdraw them from the dataset that it reads; its rows are then made again.",
                code="made_by_query",
            )
        file_locations.enqueue_withdrawal(transaction, file.dataset, [file.id], actor=request.actor)
        transaction.emit(
            "file.withdrawn",
            file.dataset,
            f"{safe(file.path, 120)} is withdrawn: {safe(request.reason, 200) or 'no reason given'}",
            actor=request.actor,
            data={"file": file.id, "reason": request.reason},
        )
        return file

    return services.mutate(request, change)


def supersede(services: EngineServices, request: FileSupersede) -> FileRecord:
    """A new version without the rows of earlier files of the same path; a repeated request does nothing."""

    def change(transaction: Transaction) -> FileRecord:
        row = _row(transaction, request.id)
        file = row.file
        if file.state is not FileState.WITHDRAWN:
            _check_in(file, "replace others")
        path = row.identity.raw_path
        present = files.present_at(transaction, file.purpose, file.dataset, [path]).get(path, ())
        earlier = [one.file.id for one in files.ledger(transaction, present) if one.number < row.number]
        if earlier and file.state is not FileState.WITHDRAWN:
            file_locations.enqueue_withdrawal(transaction, file.dataset, earlier, actor=request.actor, by=file.id)
            message = f"{safe(file.path, 120)} supersedes {', '.join(earlier)}"
            transaction.emit(
                "file.supersedes",
                file.dataset,
                message,
                actor=request.actor,
                data={"file": file.id, "earlier": earlier},
            )
        elif file.corrects is None:
            raise RefusedError(
                f"No earlier file was delivered under the path of {file.id}.",
                hint=f"To remove a file's rows: shopfloor file withdraw ID. See it: shopfloor file show {file.id}",
                code="nothing_to_supersede",
            )
        return file

    return services.mutate(request, change)


def _check_in(file: FileRecord, do: str) -> None:
    if file.state is not FileState.COMMITTED or file.purpose is not FilePurpose.DATA:
        raise RefusedError(
            f"File {file.id} is {file.state}; only rows that are in a dataset can {do}.",
            hint=f"See it: shopfloor file show {file.id}",
            code="not_committed",
        )


def discard(services: EngineServices, request: FileDiscard) -> FileRecord:
    """Discard: the record stays, and the same content is not staged again."""

    def change(transaction: Transaction) -> FileRecord:
        row = _row(transaction, request.id)
        if row.file.state is FileState.DISCARDED:
            return row.file
        _check_kept(row.file, "Only quarantined files can be discarded.", {FileState.QUARANTINED})
        file = msgspec.structs.replace(row.file, state=FileState.DISCARDED)
        files.put(transaction, msgspec.structs.replace(row, file=file))
        file_outcomes.settle_repeats(transaction, file, FileState.DISCARDED)
        transaction.emit(
            "file.discarded",
            file.dataset,
            f"{safe(file.path, 120)} is discarded: {safe(request.reason, 200) or 'no reason given'}",
            actor=request.actor,
            data={"file": file.id, "reason": request.reason},
        )
        return file

    return services.mutate(request, change)


def _check_kept(file: FileRecord, hint: str, states: Set[FileState]) -> None:
    if file.state not in states:
        raise RefusedError(f"File {file.id} is {file.state}, not in quarantine.", hint=hint, code="not_quarantined")


def _check_newest(query: Query, file: FileRecord) -> None:
    """Of the results of a query only the newest may join the dataset: the others are of rows from before."""
    made = derived.get(query, file.dataset) if file.derived is not None else None
    if made is not None and made.file != file.id:
        raise RefusedError(
            f"{file.id} is an earlier result of the query of {file.dataset}; {made.file} is the newest.",
            hint=f"See it: shopfloor file show {made.file}",
            code="made_again",
        )


def _row(query: Query, id: str) -> LedgerRow:
    found = files.ledger(query, [id])
    if not found:
        raise NotFoundError(
            f"There is no file {safe(id, 40)!r}.", hint="List them: shopfloor file list", code="file_not_found"
        )
    return found[0]
