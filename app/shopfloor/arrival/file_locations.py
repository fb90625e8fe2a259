"""Where the bytes of a delivered file are at each stage of its life."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from shopfloor.arrival.removal import move, take_away
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract, Originals, Parser
from shopfloor.domain.dialect import check_parser, merged
from shopfloor.domain.errors import NotFoundError, ShopfloorError
from shopfloor.domain.file import FilePurpose, FileRecord
from shopfloor.domain.ids import ulid
from shopfloor.domain.job import JobCause, JobKind, JobRecord
from shopfloor.domain.retry_options import RetryOptions
from shopfloor.store import jobs
from shopfloor.store.files import LedgerRow
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import blame
from shopfloor.workspace.layout import Layout

_KIND = {FilePurpose.DATA: JobKind.INTAKE, FilePurpose.SCORE: JobKind.SCORE, FilePurpose.ACTUALS: JobKind.ACTUALS}
_PRIORITY = 20


def enqueue(
    transaction: Transaction,
    purpose: FilePurpose,
    subject: str,
    ids: Sequence[str],
    *,
    trigger: str,
    again: RetryOptions | None = None,
    notices: Mapping[str, Sequence[str]] | None = None,
    causes: Sequence[JobCause] = (),
) -> JobRecord:
    """Queue the work on files that are staged: one job a settled batch.

    `again` are the options of a retry. `notices` are those of the version about its files, by id; `causes`
    what made the files here.
    """
    options = again or RetryOptions(actor="engine")
    payload: dict[str, object] = {"files": list(ids), "accept": options.accept, "actor": options.actor}
    if options.types:
        payload["types"] = True
    if options.parser is not None:
        payload |= {"parser": msgspec.to_builtins(options.parser), "keep": options.keep}
    if notices:
        payload["notices"] = notices
    return jobs.enqueue(
        transaction,
        _KIND[purpose],
        subject,
        payload=payload,
        trigger=trigger,
        causes=causes,
        priority=_PRIORITY,
    )


def parser_of(job: JobRecord, contract: Contract | None) -> Parser | None:
    """The settings that somebody gave for the files of this job, over the contract's; None without any."""
    given = job.payload.get("parser")
    base = contract.parser if contract is not None else Parser()
    return check_parser(merged(base, convert(given, Parser))) if given else None


def enqueue_withdrawal(
    transaction: Transaction, dataset: str, gone: Sequence[str], *, actor: str, by: str | None = None
) -> JobRecord:
    """Queue the work of taking committed files' rows out of their dataset; `by` is the file that replaces them."""
    names = ", ".join(gone)
    return jobs.enqueue(
        transaction,
        JobKind.INTAKE,
        dataset,
        payload={"files": [], "withdraw": list(gone), "by": by, "actor": actor},
        trigger=f"{by} supersedes {names}, requested by {actor}" if by else f"{names} withdrawn by {actor}",
        unique_key=f"withdraw:{names}",
        priority=_PRIORITY,
    )


def kind_of(purpose: FilePurpose) -> JobKind:
    """The kind of job that works on a purpose's files."""
    return _KIND[purpose]


def root_of(layout: Layout, purpose: FilePurpose) -> Path:
    """The drop folder of a purpose."""
    return {FilePurpose.DATA: layout.inbox, FilePurpose.SCORE: layout.score, FilePurpose.ACTUALS: layout.actuals}[
        purpose
    ]


def quarantined_path(layout: Layout, file: FileRecord) -> Path:
    """Where a quarantined file is kept; raises `NotFoundError` when somebody removed it."""
    folder = layout.quarantine / file.dataset
    prefix = f"{(file.sha256 or '')[:12]}-"
    found = (
        sorted(path for path in folder.glob(f"{prefix}*") if not path.name.endswith(".reason.json"))
        if file.sha256
        else []
    )
    if not found:
        raise NotFoundError(
            f"The bytes of {file.id} are no longer in quarantine.",
            hint="Deliver the file again.",
            code="bytes_missing",
        )
    return found[0]


def staged_path(layout: Layout, id: str) -> Path:
    """Where the claimed copy of a file lies until its job is done."""
    return layout.staging / f"{id}.claim"


def container_path(layout: Layout) -> Path:
    """Where the claimed copies of a delivery's small files lie together until its job is done."""
    return layout.staging / f"{ulid()}.claims"


def own_copy(layout: Layout, row: LedgerRow) -> Path:
    """The claimed copy of a file as a file of its own, taken out of its container if it is in one that is there."""
    assert row.staged is not None
    if row.staged_offset is None:
        return Path(row.staged)
    own = staged_path(layout, row.file.id)
    if os.path.exists(row.staged):
        with open(row.staged, "rb") as container:
            container.seek(row.staged_offset)
            own.write_bytes(container.read(row.file.bytes))
    return own


def stage_again(layout: Layout, file: FileRecord) -> Path:
    """A staged copy of a quarantined file."""
    target = staged_path(layout, file.id)
    shutil.copyfile(quarantined_path(layout, file), target)
    return target


def original_path(row: LedgerRow) -> Path:
    """The path where the file was delivered, byte for byte."""
    return Path(os.fsdecode(row.identity.raw_path))


def dispose(layout: Layout, row: LedgerRow, originals: Originals, day: str) -> ShopfloorError | None:
    """After the commit: archive, keep or delete the delivered file. May be repeated.

    A file that changed meanwhile is another delivery and stays. So does one in a folder that this user may
    not write: its content is in, and what kept it is returned.
    """
    try:
        _dispose(layout, row, originals, day)
    except OSError as error:
        return blame(error, layout.root)
    return None


def _dispose(layout: Layout, row: LedgerRow, originals: Originals, day: str) -> None:
    staged_path(layout, row.file.id).unlink(missing_ok=True)
    original = original_path(row)
    if originals is Originals.KEEP or (mine := take_away(original, row.identity)) is None:
        return
    if originals is Originals.DELETE:
        mine.unlink(missing_ok=True)
        return
    target = layout.archive / row.file.purpose.value / row.file.dataset / day / f"{row.file.id}-{original.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    move(mine, target)


def remove_original(layout: Layout, row: LedgerRow) -> ShopfloorError | None:
    """Take a delivered file away whose bytes are kept elsewhere; what hinders that is returned."""
    return dispose(layout, row, Originals.DELETE, "")
