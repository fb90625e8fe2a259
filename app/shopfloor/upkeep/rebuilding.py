"""A damaged part made again: the archived originals of its files, read by the contract of that time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.ids import ulid
from shopfloor.domain.stored_object import StoredObject
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.job_spec import partition_of
from shopfloor.intake.records import IntakeResult, IntakeSpec
from shopfloor.intake.task import take_in
from shopfloor.lake.objects import publish_part
from shopfloor.runtime.context import Context
from shopfloor.runtime.damage import originals
from shopfloor.runtime.task import WorkerTask
from shopfloor.store import datasets, files, revisions
from shopfloor.store.files import LedgerRow
from shopfloor.workspace.contracts import parse_contract
from shopfloor.workspace.digests import file_sha256

Ask = Callable[[WorkerTask[Any]], Any]
"""Lets a worker do a task."""

_ADDED = "SELECT DISTINCT dataset, added_version FROM dataset_parts WHERE sha256 = ? ORDER BY ALL"


def rebuild(context: Context, part: StoredObject, ask: Ask) -> bool:
    """Publish the part again where reading its files gives the very same bytes; True when it did.

    It does not where an original is gone or changed, or where the part was made of earlier parts. Nothing
    else is touched: other bytes are thrown away.
    """
    for dataset, number in context.store.read(lambda query: query.all(_ADDED, [part.sha256])):
        version = context.store.read(partial(datasets.version, dataset=dataset, number=number))
        if version is not None and _rebuilt(context, part, version, ask):
            return True
    return False


def _rebuilt(context: Context, part: StoredObject, version: DatasetVersion, ask: Ask) -> bool:
    contract = _contract(context, version)
    found = list(_originals(context, version))
    if contract is None or not version.files or len(found) < len(version.files):
        return False
    staging = context.layout.staging / f"rebuild-{ulid()}"
    staging.mkdir(mode=0o700)
    spec = IntakeSpec(
        dataset=version.dataset,
        files=tuple(found),
        contract=contract,
        staging=str(staging),
        objects=str(context.layout.objects),
        memory_mb=context.settings.intake.memory_mb,
    )
    try:
        result = convert(ask(WorkerTask(take_in, spec)), IntakeResult)
        same = [made for made in result.parts if made.part.sha256 == part.sha256]
        for made in same[:1]:
            publish_part(Path(made.path), part.sha256, context.layout.objects)
        return bool(same)
    except ShopfloorError:
        return False  # the doctor says what else can be done
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _contract(context: Context, version: DatasetVersion) -> Contract | None:
    """By what the files of the version were read, not what the contract says now."""
    number = version.contract_revision
    known = number and context.store.read(lambda query: revisions.get(query, version.dataset, number))
    if not known:
        return context.contract(version.dataset)
    return parse_contract(version.dataset, known.text, f"datasets/{version.dataset}.toml")


def _originals(context: Context, version: DatasetVersion) -> Iterator[StagedFile]:
    """The delivered files of a version as the archive keeps them, as far as their bytes are those of then."""
    rows = {row.file.id: row for row in context.store.read(lambda query: files.ledger(query, list(version.files)))}
    for id in version.files:
        for path in originals(context.layout, version.dataset, id)[:1]:
            if id in rows and file_sha256(path) == rows[id].file.sha256:
                yield _staged(context, rows[id], path)


def _staged(context: Context, row: LedgerRow, path: Path) -> StagedFile:
    return StagedFile(
        id=row.file.id,
        path=str(path),
        original_name=Path(row.file.path).name,
        sha256=row.file.sha256 or "",
        bytes=row.file.bytes,
        partition=partition_of(context, row),
    )
