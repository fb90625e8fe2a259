"""Contracts as the engine uses them: watched for changes, every change a revision in the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from shopfloor.arrival import file_locations
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column
from shopfloor.domain.contract import Contract
from shopfloor.domain.contract_changes import changes, same
from shopfloor.domain.dialect import merged
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.retry_options import RetryOptions
from shopfloor.domain.revision import ContractCause, ContractRevision
from shopfloor.intake.derived import staleness
from shopfloor.intake.records import TypeChange
from shopfloor.runtime.context import Context
from shopfloor.runtime.contract_book import Stamp
from shopfloor.store import datasets, files, revisions
from shopfloor.store.transaction import Transaction
from shopfloor.workspace import contracts
from shopfloor.workspace.accounts import user_name
from shopfloor.workspace.form import read_text

WAITS = "contract"  # the reason code of files that wait for a contract to be corrected


def problem(context: Context, dataset: str) -> Reason | None:
    """Why the files of a dataset have to wait; None when its contract is in order."""
    refresh(context, dataset)
    error = context.book.problems.get(dataset)
    return None if error is None else waits_for(error.message, error.hint)


def waits_for(message: str, hint: str) -> Reason:
    """The reason of files that wait for their contract."""
    return Reason(
        code=WAITS,
        message=f"Its contract cannot be used: {message}",
        hint=f"{hint} The file is then ingested automatically.".strip(),
    )


def refresh_all(context: Context) -> None:
    """Read every contract that a person changed since the last read."""
    known = set(contracts.list_contracts(context.layout))
    for dataset in known:
        refresh(context, dataset)
    with context.book.lock:
        for gone in set(context.book.stamps) - known:
            context.book.forget(gone)


def refresh(context: Context, dataset: str) -> None:
    """Notice whether a person changed one contract: record it, say what is wrong, let files go on."""
    with context.book.lock:
        stamp = stamp_of(context, dataset)
        if stamp is None:
            context.book.forget(dataset)
        if stamp is None or context.book.stamps.get(dataset) == stamp:
            return
        context.book.stamps[dataset] = stamp
        before = context.book.problems.pop(dataset, None)
        contract, error = _tried(context, dataset)
    # Not under the lock: the writer may be waiting for it.
    if error is not None and (before is None or before.message != error.message):
        message = str(error)
        data = {"code": error.code, "message": error.message, "hint": error.hint}
        context.store.write(lambda transaction: transaction.emit("contract.invalid", dataset, message, data=data))
    if contract is not None:
        path = context.layout.contract(dataset)
        text = context.book.good.get(dataset, "")
        context.store.write(lambda transaction: _noticed(context, transaction, contract, text, _owner(path)))


def recheck(context: Context, dataset: str) -> None:
    """Treat the file as changed at the next read."""
    context.book.stamps.pop(dataset, None)


def stamp_of(context: Context, dataset: str) -> Stamp | None:
    """What changes whenever somebody writes the file; None without a file."""
    try:
        found = context.layout.contract(dataset).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _owner(path: Path) -> str:
    """Who wrote the file, as far as the file system knows."""
    try:
        return user_name(path.stat().st_uid)
    except OSError:
        return "somebody"


def _tried(context: Context, dataset: str) -> tuple[Contract | None, ConfigError | None]:
    """The contract, or what is wrong with it; the book remembers which."""
    try:
        contract = context.book.checked(dataset)
    except ConfigError as error:
        context.book.problems[dataset] = error
        return None, error
    if contract is not None:
        context.book.noticed[dataset] = contract
    return contract, None


def _noticed(context: Context, transaction: Transaction, contract: Contract, text: str, owner: str) -> None:
    if context.book.own.get(contract.name) != text:
        record(transaction, contract, text, ContractCause.EDITED, owner)
    staleness.begin(context, transaction, contract)
    _let_go(transaction, contract.name)


def record(transaction: Transaction, contract: Contract, text: str, cause: ContractCause, actor: str) -> int:
    """Note `contract` as a revision when it asks anything else than the newest one; returns the number."""
    newest = revisions.last(transaction, contract.name)
    before = None if newest is None else text_as_contract(newest)
    if newest is not None and same(before, contract):
        return newest.revision
    number = 1 if newest is None else newest.revision + 1
    listed = changes(before, contract)
    revisions.put(
        transaction,
        ContractRevision(
            dataset=contract.name,
            revision=number,
            cause=cause,
            actor=actor,
            changes=listed,
            text=text,
            at=transaction.now,
        ),
    )
    datasets.define(transaction, contract.name, contract.mode.value)
    transaction.emit(
        "contract.changed",
        contract.name,
        f"Contract of {contract.name}, revision {number}, {cause} by {actor}: {'; '.join(listed[:5])}",
        actor=actor,
        data={"revision": number},
    )
    return number


def text_as_contract(revision: ContractRevision) -> Contract | None:
    """The contract that a revision's text says; None for a text that this version cannot read."""
    try:
        found = contracts.parse_contract(revision.dataset, revision.text, f"revision {revision.revision}")
    except ConfigError:
        return None
    return msgspec.structs.replace(found, revision=revision.revision)


def _let_go(transaction: Transaction, dataset: str) -> None:
    """Files that were claimed and then had to wait for this contract are staged again, as one job."""
    held = [
        row
        for row in files.in_states(transaction, [FileState.WAITING])
        if row.file.dataset == dataset
        and row.file.purpose is FilePurpose.DATA
        and row.staged is not None
        and row.file.reason is not None
        and row.file.reason.code == WAITS
    ]
    if not held:
        return
    rows = []
    for row in held:
        file = msgspec.structs.replace(row.file, state=FileState.STAGED, reason=None)
        rows.append(msgspec.structs.replace(row, file=file))
    files.put_many(transaction, rows)
    # The retry options of one file do not apply to the others.
    batches: dict[RetryOptions | None, list[str]] = {}
    for row in rows:
        batches.setdefault(row.again, []).append(row.file.id)
    for options, ids in batches.items():
        file_locations.enqueue(
            transaction, FilePurpose.DATA, dataset, ids, trigger="the contract was mended", again=options
        )


def unrecorded(context: Context, dataset: str) -> str | None:
    """The text that the engine wrote and did not record yet, unless somebody changed it since."""
    text = context.book.own.get(dataset)
    try:
        return text if text is not None and read_text(context.layout.contract(dataset)) == text else None
    except ConfigError:
        return None


def save(context: Context, contract: Contract) -> str:
    """Write the contract's file; its revision is recorded by the work that changed it. Returns the text."""
    with context.book.lock:
        text = contracts.save_contract(context.layout, contract)
        context.book.own[contract.name] = text
        context.book.good[contract.name] = text
        context.book.noticed[contract.name] = contract
        context.book.problems.pop(contract.name, None)
    return text


def grown(
    written: Contract | None, found: Contract, absent: Sequence[str], retyped: Sequence[TypeChange] = ()
) -> Contract:
    """What the team wrote, with what a delivery added: columns that are new, `absent` ones optional, and
    the types of `retyped` ones, unless somebody changed them meanwhile.

    Only columns are taken from `found`, and of a first file how it was written: what a person changed while the
    files were read stays.
    """
    if written is None:
        return found
    if not written.columns:
        return msgspec.structs.replace(written, columns=found.columns, parser=merged(found.parser, written.parser))
    known = ColumnNames(column.name for column in written.columns)
    types = {one.column.name: one for one in retyped}
    kept = tuple(_typed(_optional(column, column.name in absent), types.get(column.name)) for column in written.columns)
    new = tuple(column for column in found.columns if column.name not in known)
    return msgspec.structs.replace(written, columns=(*kept, *new))


def _optional(column: Column, absent: bool) -> Column:
    return msgspec.structs.replace(column, optional=True) if absent else column


def _typed(column: Column, retyped: TypeChange | None) -> Column:
    if retyped is None or column.written != retyped.before.written:
        return column
    return msgspec.structs.replace(column, type=retyped.column.type, format=retyped.column.format)
