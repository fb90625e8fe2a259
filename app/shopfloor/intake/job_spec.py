"""What the worker is told about a delivery: its files, the contract, and what is in already."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.arrival import file_locations
from shopfloor.domain.contract import Contract, Corrected, Mode, Parser, SchemaPolicy, Volume
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.file import Derivation, FilePurpose
from shopfloor.domain.job import JobRecord
from shopfloor.formats.partition import Pairs, moment, partition
from shopfloor.formats.staged import Dated, StagedFile
from shopfloor.intake.records import IntakeSpec
from shopfloor.intake.volume import REMEMBERED
from shopfloor.runtime.context import Context
from shopfloor.store import datasets, files
from shopfloor.store.files import LedgerRow
from shopfloor.store.rows import Query

# What a person waives who accepts a file as it is.
_WAIVED: dict[str, Any] = {"rules": (), "conditions": (), "volume": Volume()}


def spec_of(
    context: Context, job: JobRecord, rows: list[LedgerRow], withdrawn: tuple[str, ...], staging: Path
) -> IntakeSpec:
    """The files of `rows` that still wait, the pinned contract, and the parts an upsert merges with."""
    ruled = contract = _as_added(context.contract(job.subject), rows)
    accepted = bool(job.payload.get("accept"))
    if contract is not None and accepted:
        columns = tuple(msgspec.structs.replace(column, optional=True) for column in contract.columns)
        contract = msgspec.structs.replace(contract, schema_policy=SchemaPolicy.EVOLVE, columns=columns, **_WAIVED)
    version = context.store.read(
        lambda query: datasets.version(query, job.subject, datasets.current_version(query, job.subject))
    )
    history: tuple[int, ...] = ()
    if contract is not None and contract.volume.band is not None:
        history = context.store.read(lambda query: files.recent_rows(query, job.subject, REMEMBERED))
    newest = None
    if contract is not None and contract.mode is Mode.SNAPSHOT and not accepted:
        newest = context.store.read(lambda query: _newest(query, version))
    earlier = context.store.read(lambda query: _earlier(query, job.subject, rows))
    parser = file_locations.parser_of(job, contract)
    return IntakeSpec(
        dataset=job.subject,
        contract=contract,
        previous=version.parts if version is not None else (),
        history=history,
        objects=str(context.layout.objects),
        files=tuple(_staged(context, row, parser, contract, earlier[row.file.id]) for row in rows),
        withdrawn=withdrawn,
        accepted=accepted,
        widen=ruled if job.payload.get("types") else None,
        times={one.time: one.name for one in context.models_of(job.subject) if one.time is not None},
        columns=version.columns if version is not None else (),
        newest=newest,
        staging=str(staging),
        memory_mb=context.settings.intake.memory_mb,
    )


def _as_added(contract: Contract | None, rows: list[LedgerRow]) -> Contract | None:
    """The contract by which rows that an input added to a query's result join those that are there."""
    if contract is None or not any(row.file.derived is Derivation.ADDED for row in rows):
        return contract
    return msgspec.structs.replace(contract, mode=Mode.APPEND)


def _earlier(query: Query, dataset: str, rows: list[LedgerRow]) -> dict[str, tuple[str, ...]]:
    """For each file those before it under the same path whose rows are in, oldest first.

    Asked when the job begins and not at the claim: then the file before it may have been on its way itself.
    """
    paths = [row.identity.raw_path for row in rows if row.file.dropped]
    present = files.present_at(query, FilePurpose.DATA, dataset, paths)
    numbers = {one.file.id: one.number for one in files.ledger(query, [id for ids in present.values() for id in ids])}
    return {
        row.file.id: tuple(id for id in present.get(row.identity.raw_path, ()) if numbers[id] < row.number)
        for row in rows
    }


def _staged(
    context: Context, row: LedgerRow, parser: Parser | None, contract: Contract | None, earlier: tuple[str, ...]
) -> StagedFile:
    assert row.staged is not None
    assert row.file.sha256 is not None
    supersede = contract is not None and contract.arrival.corrected is Corrected.SUPERSEDE
    return StagedFile(
        id=row.file.id,
        path=row.staged,
        offset=row.staged_offset,
        original_name=Path(row.file.path).name,
        sha256=row.file.sha256,
        bytes=row.file.bytes,
        parser=parser,
        supersedes=earlier if supersede else (),
        corrects=earlier[-1] if earlier else None,
        partition=partition_of(context, row),
        dated=_dated(row),
        derived=row.file.derived is not None,
    )


def partition_of(context: Context, row: LedgerRow) -> Pairs:
    """What the directories of the drop folder, byte for byte, say of the file's rows."""
    path = file_locations.original_path(row)
    if not row.file.dropped or not path.is_relative_to(context.layout.inbox):
        return ()
    return partition(str(path.relative_to(context.layout.inbox)))


def _dated(row: LedgerRow) -> Dated | None:
    """When a dropped file is from; None for rows that were streamed or made by a query."""
    if not row.file.dropped:
        return None
    return Dated(
        name=Path(row.file.path).name,
        dated=moment(row.file.path),
        written=datetime.fromtimestamp(row.identity.mtime_ns / 1e9, UTC),
    )


def _newest(query: Query, version: DatasetVersion | None) -> Dated | None:
    """The newest file whose rows are in the version."""
    ids = {span.file for part in (version.parts if version is not None else ()) for span in part.files}
    newest: Dated | None = None
    for row in files.ledger(query, sorted(ids)):
        dated = _dated(row)
        if dated is not None and (newest is None or newest.older_than(dated)):
            newest = dated
    return newest
