"""Derive jobs: the result of a dataset's query becomes a file that intake takes like any other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shopfloor.arrival import file_locations
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import Part
from shopfloor.domain.failpoint import reach
from shopfloor.domain.file import Derivation, FilePurpose, FileRecord, FileState
from shopfloor.domain.job import CauseKind, JobCause, JobKind, JobRecord
from shopfloor.domain.text import counted
from shopfloor.domain.wire import WireError
from shopfloor.intake.derived.query import DatasetQuery, read_query
from shopfloor.intake.derived.records import DeriveOutcome, DeriveSpec, QueryInput
from shopfloor.intake.derived.staleness import TableVersion, check_circle, inputs_of, is_made, table_versions
from shopfloor.intake.derived.task import derive
from shopfloor.lake.locations import part_files
from shopfloor.runtime.context import Context
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import datasets, derived, files
from shopfloor.store.derived import Derived
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.durable import fsync_directory, fsync_file, move_file


class DeriveHandler:
    """One job a derived dataset: its query over the newest versions of its inputs, unless it was run over them."""

    kind = JobKind.DERIVE
    worker_class = WorkerClass.LIGHT

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[DeriveSpec] | None:
        """The inputs' versions; nothing to do where one has no rows yet, or nothing has changed."""
        contract = context.contract(job.subject)
        if contract is None or not contract.query:
            return None
        check_circle(context, contract)
        query = read_query(contract.query)
        return context.store.read(lambda reader: _task(context, reader, job, contract, query))

    def publish(self, context: Context, job: JobRecord, value: Any) -> DeriveOutcome:
        """Move the file out of the job's scratch, durable before the ledger names it."""
        outcome = convert(value, DeriveOutcome)
        source, target = Path(outcome.path), _staged(context, job)
        if source.exists():
            fsync_file(source)
            reach("derive.synced")
            move_file(source, target)
            fsync_directory(target.parent)
        reach("derive.published")
        return outcome

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: DeriveOutcome
    ) -> dict[str, Any]:
        """Put the file into the ledger with its intake job, unless it would change nothing."""
        before = derived.get(transaction, job.subject)
        file = None
        if not _changes_nothing(transaction, before, published):
            file = _deliver(transaction, job, published, _staged(context, job))
        made = Derived(
            dataset=job.subject,
            query=published.query,
            inputs=published.inputs,
            file=before.file if file is None and before is not None else file,
            made_at=transaction.now,
        )
        derived.put(transaction, made)
        return {"file": file, "rows": published.rows, "inputs": [one.ref for one in published.inputs]}

    def report(self, context: Context, job: JobRecord, published: DeriveOutcome) -> Iterator[str]:
        """What was read and how many rows came of it."""
        read = ", ".join(one.ref for one in published.inputs)
        what = "the rows that were added" if published.derivation is Derivation.ADDED else "all rows"
        yield f"query over {what} of {read}: {counted(published.rows, 'row')}"

    def settle(self, context: Context, job: JobRecord, published: DeriveOutcome) -> None:
        """What the ledger does not know is not needed."""
        shutil.rmtree(_scratch(context, job), ignore_errors=True)
        if not context.store.read(lambda query: files.is_staged(query, str(_staged(context, job)))):
            _staged(context, job).unlink(missing_ok=True)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """The rows stay as they were; the job's error says why."""
        shutil.rmtree(_scratch(context, job), ignore_errors=True)


def _task(
    context: Context, reader: Query, job: JobRecord, contract: Contract, query: DatasetQuery
) -> WorkerTask[DeriveSpec] | None:
    versions = table_versions(reader, query)
    if versions is None or is_made(reader, contract, versions):
        return None
    before = derived.get(reader, contract.name)
    grown = _grown_by(reader, contract, query, before, versions)
    scratch = _scratch(context, job)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    rows = tuple(
        QueryInput(
            table=table,
            version=version,
            columns=held.columns,
            parts=part_files(context.layout, grown if grown is not None and table == query.growing else held.parts),
        )
        for (table, held), version in zip(versions, inputs_of(versions), strict=True)
    )
    spec = DeriveSpec(
        dataset=contract.name,
        query=contract.query,
        inputs=rows,
        derivation=Derivation.WHOLE if grown is None else Derivation.ADDED,
        target=str(scratch / "result.parquet"),
        scratch=str(scratch / "spill"),
        memory_mb=context.settings.intake.memory_mb,
    )
    return WorkerTask(derive, spec)


def _grown_by(
    reader: Query,
    contract: Contract,
    query: DatasetQuery,
    before: Derived | None,
    versions: Sequence[TableVersion],
) -> tuple[Part, ...] | None:
    """The parts that the growing input has more than at the last result, where nothing else is different and that
    result is the dataset's newest version; None where the query is to be run over everything."""
    if before is None or before.query != contract.query or query.growing is None or before.file is None:
        return None
    newest = datasets.version(reader, contract.name, datasets.current_version(reader, contract.name))
    if newest is None or before.file not in newest.files:
        return None
    old = {one.dataset: one.version for one in before.inputs}
    for table, version in versions:
        known = old.get(version.dataset)
        if table != query.growing and known != version.version:
            return None
    grown = next(version for table, version in versions if table == query.growing)
    held = datasets.version(reader, grown.dataset, old.get(grown.dataset, 0))
    if held is None or held.columns != grown.columns or grown.parts[: len(held.parts)] != held.parts:
        return None
    return grown.parts[len(held.parts) :]


def _changes_nothing(query: Query, before: Derived | None, outcome: DeriveOutcome) -> bool:
    """Rows that were added to an input gave none here, or the result is the one that is in."""
    if outcome.derivation is Derivation.ADDED:
        return outcome.rows == 0
    file = None if before is None or before.file is None else files.get(query, before.file)
    return (
        file is not None
        and file.derived is Derivation.WHOLE
        and file.state is FileState.COMMITTED
        and file.sha256 == outcome.sha256
    )


def _deliver(transaction: Transaction, job: JobRecord, outcome: DeriveOutcome, staged: Path) -> str:
    ((id, number),) = transaction.next_ids("f", 1)
    read = ", ".join(one.ref for one in outcome.inputs)
    name = "+".join(one.ref for one in outcome.inputs)
    status = staged.stat()
    file = FileRecord(
        id=id,
        dataset=job.subject,
        path=f"query/{job.subject}/{name}.parquet",
        sha256=outcome.sha256,
        bytes=outcome.bytes,
        state=FileState.STAGED,
        seen_at=transaction.now,
        derived=outcome.derivation,
    )
    identity = Identity(
        raw_path=os.fsencode(staged),
        dev=status.st_dev,
        ino=status.st_ino,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
    )
    files.put(transaction, LedgerRow(file=file, number=number, identity=identity, staged=str(staged)))
    causes = [JobCause(kind=CauseKind.DATASET_VERSION, name=one.dataset, number=one.version) for one in outcome.inputs]
    file_locations.enqueue(
        transaction,
        FilePurpose.DATA,
        job.subject,
        [id],
        trigger=f"{counted(outcome.rows, 'row')} of its query over {read}",
        causes=causes,
    )
    return id


def _scratch(context: Context, job: JobRecord) -> Path:
    return context.layout.staging / f"derive-{job.id}"


def _staged(context: Context, job: JobRecord) -> Path:
    return context.layout.staging / f"derived-{job.id}.parquet"
