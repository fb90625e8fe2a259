"""Intake jobs: a settled batch of files becomes one dataset version."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.arrival import file_locations, file_outcomes
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract, Corrected, Mode, Parser, SchemaPolicy, Volume
from shopfloor.domain.contract_changes import same
from shopfloor.domain.dataset import DatasetVersion, Part
from shopfloor.domain.errors import ConfigError, ExitCode
from shopfloor.domain.failpoint import reach
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.numbers import count
from shopfloor.domain.revision import ContractCause
from shopfloor.domain.text import counted, safe
from shopfloor.domain.wire import WireError
from shopfloor.formats.partition import Pairs, moment, partition
from shopfloor.formats.staged import Dated, StagedFile
from shopfloor.intake import job_lines, type_change_notices
from shopfloor.intake.balance import check_balance
from shopfloor.intake.contract import live
from shopfloor.intake.records import IntakeResult, IntakeSpec
from shopfloor.intake.task import take_in
from shopfloor.intake.volume import REMEMBERED
from shopfloor.lake.manifest import digest
from shopfloor.lake.objects import publish_part
from shopfloor.runtime.context import Context
from shopfloor.runtime.contract_book import Stamp
from shopfloor.runtime.line import VersionCommitted
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import datasets, files, jobs, rejects, revisions
from shopfloor.store.files import LedgerRow
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.contracts import parse_contract

_LOG = logging.getLogger("shopfloor.intake")
# What a person waives who accepts a file as it is.
_WAIVED: dict[str, Any] = {"rules": (), "conditions": (), "volume": Volume()}

# A burst may note something else about each of a thousand files; nobody reads that far.
_MOST_NOTICES = 20


class IntakeHandler:
    """One job a settled batch, one dataset at a time."""

    kind = JobKind.INTAKE
    worker_class = WorkerClass.LIGHT

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp | None] = {}  # of the contract that a job began with
        self._containers: dict[str, set[str]] = {}  # of claimed copies that the commit of a job has done with

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[IntakeSpec] | None:
        """Files that still wait, the pinned contract, and the parts an upsert merges with."""
        rows = self._without_repeats(context, job, file_outcomes.staged_rows(context, job.payload["files"]))
        named = context.store.read(lambda query: files.ledger(query, job.payload.get("withdraw", ())))
        withdrawn = tuple(row.file.id for row in named if row.file.state is FileState.COMMITTED)
        if not rows and not withdrawn:
            return None
        live.refresh(context, job.subject)
        self._stamps[job.id] = live.stamp_of(context, job.subject)
        ruled = contract = context.contract(job.subject)
        if contract is not None and job.payload.get("accept"):
            columns = tuple(msgspec.structs.replace(column, optional=True) for column in contract.columns)
            contract = msgspec.structs.replace(contract, schema_policy=SchemaPolicy.EVOLVE, columns=columns, **_WAIVED)
        version = context.store.read(
            lambda query: datasets.version(query, job.subject, datasets.current_version(query, job.subject))
        )
        history: tuple[int, ...] = ()
        if contract is not None and contract.volume.band is not None:
            history = context.store.read(lambda query: files.recent_rows(query, job.subject, REMEMBERED))
        newest = None
        if contract is not None and contract.mode is Mode.SNAPSHOT and not job.payload.get("accept"):
            newest = context.store.read(lambda query: _newest(query, version))
        staging = _staging(context, job)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        earlier = context.store.read(lambda query: _earlier(query, job.subject, rows))
        parser = file_locations.parser_of(job, contract)
        return WorkerTask(
            take_in,
            IntakeSpec(
                dataset=job.subject,
                contract=contract,
                previous=version.parts if version is not None else (),
                history=history,
                objects=str(context.layout.objects),
                files=tuple(_staged(context, row, parser, contract, earlier[row.file.id]) for row in rows),
                withdrawn=withdrawn,
                accepted=bool(job.payload.get("accept")),
                widen=ruled if job.payload.get("types") else None,
                times={one.time: one.name for one in context.models_of(job.subject) if one.time is not None},
                columns=version.columns if version is not None else (),
                newest=newest,
                staging=str(staging),
                memory_mb=context.settings.intake.memory_mb,
            ),
        )

    def _without_repeats(self, context: Context, job: JobRecord, rows: list[LedgerRow]) -> list[LedgerRow]:
        """Content that was ingested since the claim, or is twice in this batch, is a duplicate."""

        contract = context.contract(job.subject)
        repeated = contract is not None and contract.arrival.repeated

        def change(transaction: Transaction) -> list[LedgerRow]:
            digests = [row.file.sha256 for row in rows if row.file.sha256 is not None]
            known = files.committed_content(transaction, FilePurpose.DATA, job.subject, digests)
            fresh: list[LedgerRow] = []
            for row in rows:
                if row.file.streamed or repeated:
                    fresh.append(row)
                    continue
                first = known.setdefault(row.file.sha256 or "", row.file.id)
                if first == row.file.id:
                    fresh.append(row)
                    continue
                reason = Reason(code="duplicate", message=f"Its content was already committed with {first}.")
                file = msgspec.structs.replace(row.file, state=FileState.DUPLICATE, duplicate_of=first, reason=reason)
                files.put(transaction, msgspec.structs.replace(row, file=file, staged=None))
            return fresh

        fresh = context.store.write(change) if rows else []
        left = {row.file.id for row in fresh}
        originals = file_outcomes.originals_of(context, FilePurpose.DATA, job.subject)
        for row in rows:
            if row.file.id not in left:  # a job of nothing but repeats ends here, and nobody else would
                file_outcomes.clear(context, row, kept=False, originals=originals)
        if not fresh:
            context.store.read(partial(file_outcomes.remove_containers, paths=file_outcomes.containers(rows)))
        return fresh

    def publish(self, context: Context, job: JobRecord, value: Any) -> IntakeResult:
        """Parts first, then the bytes of refused files, then the contract: all may be repeated.

        Nothing is published, and the files are held, unless all rows of all files are in a part or rejected.
        """
        result = convert(value, IntakeResult)
        check_balance(result)
        for part in result.parts:
            reach("intake.part")
            publish_part(Path(part.path), part.part.sha256, context.layout.objects)
        rows = {row.file.id: row for row in file_outcomes.staged_rows(context, job.payload["files"])}
        for outcome in result.files:
            if outcome.state is FileState.QUARANTINED and outcome.id in rows and outcome.reason is not None:
                revision = result.contract.revision if result.contract is not None else None
                file_outcomes.keep_bytes(
                    context,
                    rows[outcome.id],
                    outcome.reason,
                    rejected_rows=outcome.rejected_rows,
                    rejects=outcome.rejects,
                    notices=outcome.notices,
                    revision=revision,
                )
        if result.contract is not None:
            self._publish_contract(context, job, result)
        if result.retyped:
            type_notices = type_change_notices.notices(context, job.subject, result.retyped)
            result = msgspec.structs.replace(result, notices=(*result.notices, *type_notices))
        reach("intake.published")
        return result

    def _publish_contract(self, context: Context, job: JobRecord, result: IntakeResult) -> None:
        """Columns that a delivery added join the team's file; an accepted file's missing ones become optional.

        Parser settings that a person gave join it too, once a file was read with them.
        """
        try:
            written = context.contract(job.subject)
        except ConfigError as error:
            # Somebody is editing it: the rows are in, and the columns join with the next file that has them.
            _LOG.warning("the contract of %s is not written: %s", job.subject, error)
            return
        assert result.contract is not None
        wanted = live.grown(
            written, result.contract, result.absent if job.payload.get("accept") else (), result.retyped
        )
        if job.payload.get("keep") and _any_committed(result):
            wanted = msgspec.structs.replace(wanted, parser=file_locations.parser_of(job, written) or Parser())
        if written is None or not same(written, wanted):
            number = context.store.read(lambda query: revisions.number(query, job.subject)) + 1
            live.save(context, msgspec.structs.replace(wanted, revision=number))

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: IntakeResult
    ) -> dict[str, Any]:
        """Ledger, version and follow-up jobs in one transaction."""
        rows = {row.file.id: row for row in files.ledger(transaction, job.payload["files"])}
        self._containers[job.id] = file_outcomes.containers(rows.values())
        contract = published.contract
        revision = self._record_contract(context, transaction, job, contract)
        version = None
        if (published.parts or published.replaces_parts) and contract is not None:
            version = self._version(transaction, job, published, rows, revision)
        self._commit_files(transaction, job, rows, published, version)
        if version is not None:
            self._let_go(transaction, job, published, version)
        if job.payload.get("actor", "engine") != "engine":  # files that a person took out of quarantine
            self._settle_repeats(transaction, job, published)
        if version is not None and contract is not None:
            self._commit_version(context, transaction, version, contract.mode)
        elif contract is not None:
            datasets.define(transaction, job.subject, contract.mode.value)
        return {
            "version": version.version if version is not None else None,
            "committed": sum(outcome.state is FileState.COMMITTED for outcome in published.files),
            "quarantined": sum(outcome.state is FileState.QUARANTINED for outcome in published.files),
        }

    def _record_contract(
        self, context: Context, transaction: Transaction, job: JobRecord, used: Contract | None
    ) -> int | None:
        """The revision that the delivery was taken in with: the one that it made, if it made one."""
        text = live.unrecorded(context, job.subject)
        if text is None:
            return used.revision if used is not None else None
        cause = ContractCause.EVOLVED if revisions.number(transaction, job.subject) else ContractCause.INFERRED
        accepted = bool(job.payload.get("accept"))
        contract = parse_contract(job.subject, text, f"datasets/{job.subject}.toml")
        return live.record(
            transaction,
            contract,
            text,
            ContractCause.ACCEPTED if accepted else cause,
            str(job.payload.get("actor", "engine")),
        )

    def _version(
        self,
        transaction: Transaction,
        job: JobRecord,
        result: IntakeResult,
        rows: dict[str, LedgerRow],
        revision: int | None,
    ) -> DatasetVersion:
        number = datasets.current_version(transaction, job.subject)
        before = datasets.parts(transaction, job.subject, number)
        added = tuple(part.part for part in result.parts)
        # Two files may give the very same part (other line ends, the same rows): both count.
        parts: tuple[Part, ...] = (*(result.kept if result.replaces_parts else before), *added)
        total = sum(part.rows for part in parts)
        committed = tuple(outcome.id for outcome in result.files if outcome.state is FileState.COMMITTED)
        names = ", ".join(safe(Path(rows[id].file.path).name, 60) for id in committed[:3])
        cause = names if len(committed) <= 3 else f"{names} and {len(committed) - 3} more files"
        if withdrawn := job.payload.get("withdraw"):
            actor = job.payload.get("actor", "engine")
            by = job.payload.get("by")
            cause = f"without {', '.join(withdrawn)}, " + (
                f"which {by} supersedes, as {actor} decided" if by else f"withdrawn by {actor}"
            )
        assert result.contract is not None
        return DatasetVersion(
            dataset=job.subject,
            version=number + 1,
            digest=digest(parts, result.columns, result.contract.mode),
            rows=total,
            added_rows=total - sum(part.rows for part in before)
            if result.replaces_parts
            else sum(part.rows for part in added),
            columns=result.columns,
            parts=parts,
            files=committed,
            cause=cause,
            notices=(*result.notices, *_notices_of_files(result, rows, job.payload.get("notices", {}))),
            created_at=transaction.now,
            contract_revision=revision,
        )

    def _commit_files(
        self,
        transaction: Transaction,
        job: JobRecord,
        rows: dict[str, LedgerRow],
        published: IntakeResult,
        version: DatasetVersion | None,
    ) -> None:
        taken: list[file_outcomes.CommittedFile] = []
        held: dict[str, Reason] = {}
        number = version.version if version is not None else None
        noted = _notices_by_file(published, job.payload.get("notices", {}))
        for outcome in published.files:
            row = rows[outcome.id]
            notices = noted[outcome.id]
            if outcome.rejects or row.file.rejected_rows:
                rejects.put(transaction, row.file.id, outcome.rejects)
            if outcome.state is FileState.QUARANTINED and outcome.reason is not None:
                file_outcomes.quarantine_file(
                    transaction,
                    row,
                    outcome.reason,
                    wrong=outcome.rejected_rows,
                    fitting=outcome.fitting,
                    notices=notices,
                )
                held[row.file.id] = outcome.reason
                continue
            file = msgspec.structs.replace(
                row.file, rejected_rows=outcome.rejected_rows, corrects=outcome.corrects or row.file.corrects
            )
            where = (
                f"{counted(outcome.rows, 'row')} in {version.dataset}@{number}" if version is not None else "no rows"
            )
            row = msgspec.structs.replace(row, file=file)
            taken.append(file_outcomes.CommittedFile(row, outcome.rows, where, number, notices))
        file_outcomes.commit_files(transaction, taken)
        file_outcomes.hold_repeats(transaction, held)

    def _let_go(
        self, transaction: Transaction, job: JobRecord, published: IntakeResult, version: DatasetVersion
    ) -> None:
        """Files whose rows left say so, and their content may come again."""
        by = job.payload.get("by")
        what = f"{by} replaced its rows" if by else "Its rows were withdrawn"
        gone = dict.fromkeys(job.payload.get("withdraw", ()), f"{what}, in {version.dataset}")
        for outcome in published.files:
            for earlier in outcome.superseded:
                gone[earlier] = f"{outcome.id} replaced its rows, in {version.dataset}"
        left = []
        for row in files.ledger(transaction, list(gone)):
            reason = Reason(code="withdrawn", message=f"{gone[row.file.id]}@{version.version}.")
            file = msgspec.structs.replace(row.file, state=FileState.WITHDRAWN, reason=reason)
            left.append(msgspec.structs.replace(row, file=file))
        files.put_many(transaction, left, keep=True)

    def _settle_repeats(self, transaction: Transaction, job: JobRecord, published: IntakeResult) -> None:
        done = [outcome.id for outcome in published.files if outcome.state is FileState.COMMITTED]
        for row in files.ledger(transaction, done):
            file_outcomes.settle_repeats(transaction, row.file, FileState.DUPLICATE)

    def _commit_version(self, context: Context, transaction: Transaction, version: DatasetVersion, mode: Mode) -> None:
        number = version.version - 1
        previous = datasets.parts(transaction, version.dataset, number) if number else ()
        datasets.commit_version(transaction, version, mode.value, previous=previous)
        transaction.emit(
            "dataset.committed",
            version.dataset,
            f"{version.dataset}@{version.version}: {'+' if version.added_rows >= 0 else ''}"
            f"{counted(version.added_rows, 'row')}, {count(version.rows)} in all ({version.cause})",
            data={"version": version.version, "rows": version.rows},
        )
        for notice in version.notices:
            transaction.emit(
                "dataset.notice",
                version.dataset,
                f"{version.dataset}@{version.version}: {safe(notice, 300)}",
                data={"version": version.version, "notice": notice},
            )
        context.line.after(transaction, VersionCommitted(version))

    def report(self, context: Context, job: JobRecord, published: IntakeResult) -> Iterator[str]:
        """Every file with its rows, and the version."""
        rows = context.store.read(lambda query: files.ledger(query, job.payload["files"]))
        done = context.store.read(lambda query: jobs.get(query, job.id)).result or {}
        version = f"{job.subject}@{done['version']}" if done.get("version") else ""
        return job_lines.lines(published, {row.file.id: safe(row.file.path) for row in rows}, version)

    def settle(self, context: Context, job: JobRecord, published: IntakeResult) -> None:
        """Originals leave the inbox; staging is cleaned."""
        reach("intake.committed")
        kept = {outcome.id for outcome in published.files if outcome.state is FileState.QUARANTINED}
        rows = context.store.read(lambda query: files.ledger(query, job.payload["files"]))
        file_outcomes.clear_all(context, job, _with_fate(rows, kept))
        done_with = self._containers.pop(job.id, set())
        context.store.read(partial(file_outcomes.remove_containers, paths=done_with))
        context.book.own.pop(job.subject, None)
        self._stamps.pop(job.id, None)
        shutil.rmtree(_staging(context, job), ignore_errors=True)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """A batch that no worker survives is held, not tried for ever."""
        if error.exit == ExitCode.USAGE:
            self._wait(context, transaction, job, error)
            return
        file_outcomes.hold_all(context, transaction, job, error)

    def _wait(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """A contract that cannot be applied holds its files until it is corrected; they are not at fault."""
        reason = live.waits_for(error.message, error.hint)
        if self._stamps.pop(job.id, None) != live.stamp_of(context, job.subject):
            live.recheck(context, job.subject)  # corrected while the job ran: nothing else reports it
        for row in files.ledger(transaction, job.payload["files"]):
            if row.file.state is FileState.STAGED:
                file = msgspec.structs.replace(row.file, state=FileState.WAITING, reason=reason)
                files.put(transaction, msgspec.structs.replace(row, file=file))
                transaction.emit(
                    "file.waiting",
                    job.subject,
                    f"{safe(file.path, 120)} is waiting: {reason.message}",
                    data={"file": file.id},
                )


def _with_fate(rows: Iterable[LedgerRow], kept: Container[str]) -> Iterator[tuple[LedgerRow, bool]]:
    for row in rows:
        reach("intake.original")
        yield row, row.file.id in kept


def _staging(context: Context, job: JobRecord) -> Path:
    return context.layout.staging / f"intake-{job.id}"


def _any_committed(result: IntakeResult) -> bool:
    return any(outcome.state is FileState.COMMITTED for outcome in result.files)


def _notices_by_file(result: IntakeResult, seen: dict[str, list[str]]) -> dict[str, list[str]]:
    """What was noted about each file. What is noted of the whole delivery stands with the first one that came in."""
    found = {outcome.id: [*seen.get(outcome.id, ()), *outcome.notices] for outcome in result.files}
    first = next((outcome.id for outcome in result.files if outcome.state is FileState.COMMITTED), None)
    if first is not None:
        found[first] += result.notices
    return found


def _notices_of_files(result: IntakeResult, rows: dict[str, LedgerRow], seen: dict[str, list[str]]) -> list[str]:
    """The notices about ingested files, each once for all its files.

    `seen` are the notices of the watch, by file.
    """
    about: dict[str, list[str]] = {}
    for outcome in result.files:
        notices = (*seen.get(outcome.id, ()), *outcome.notices)
        for notice in notices if outcome.state is FileState.COMMITTED else ():
            about.setdefault(notice, []).append(safe(Path(rows[outcome.id].file.path).name, 60))
    return [
        f"{names[0]}{f' and {count(len(names) - 1)} more' if len(names) > 1 else ''}: {notice}"
        for notice, names in islice(about.items(), _MOST_NOTICES)
    ]


def _earlier(query: Query, dataset: str, rows: list[LedgerRow]) -> dict[str, tuple[str, ...]]:
    """For each file those before it under the same path whose rows are in, oldest first.

    Asked when the job begins and not at the claim: then the file before it may have been on its way itself.
    """
    paths = [row.identity.raw_path for row in rows if not row.file.streamed]
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
    )


def partition_of(context: Context, row: LedgerRow) -> Pairs:
    """What the directories of the drop folder, byte for byte, say of the file's rows."""
    path = file_locations.original_path(row)
    if row.file.streamed or not path.is_relative_to(context.layout.inbox):
        return ()
    return partition(str(path.relative_to(context.layout.inbox)))


def _dated(row: LedgerRow) -> Dated | None:
    """When a dropped file is from; None for streamed rows."""
    if row.file.streamed:
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
