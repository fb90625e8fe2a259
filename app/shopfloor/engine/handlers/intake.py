"""Intake jobs: a settled batch of files becomes one dataset version."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract, Mode, Parser, SchemaPolicy
from shopfloor.domain.dataset import DatasetVersion, Part
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.text import safe
from shopfloor.domain.wire import WireError
from shopfloor.engine import delivered, triggers
from shopfloor.engine.context import Context
from shopfloor.engine.jobs.handler import Task
from shopfloor.intake.records import IntakeResult, IntakeSpec, StagedFile
from shopfloor.lake.manifest import digest
from shopfloor.lake.objects import publish_part
from shopfloor.store import datasets, files
from shopfloor.store.files import LedgerRow
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.contracts import save_contract

# A burst may note something else about each of a thousand files; nobody reads that far.
_TOLD = 20


class IntakeHandler:
    """One job a settled batch, one dataset at a time."""

    kind = JobKind.INTAKE

    def prepare(self, context: Context, job: JobRecord) -> Task | None:
        """Files that still wait, the pinned contract, and the parts an upsert merges with."""
        rows = self._without_repeats(context, job, delivered.staged_rows(context, job.payload["files"]))
        if not rows:
            return None
        contract = context.contract(job.subject)
        if contract is not None and job.payload.get("accept"):
            columns = tuple(msgspec.structs.replace(column, optional=True) for column in contract.columns)
            contract = msgspec.structs.replace(
                contract, schema_policy=SchemaPolicy.EVOLVE, rules=(), reject_budget=1.0, columns=columns
            )
        newest = context.store.read(lambda query: datasets.current_version(query, job.subject))
        previous = context.store.read(lambda query: datasets.parts(query, job.subject, newest))
        staging = _staging(context, job)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        return Task(
            "intake",
            IntakeSpec(
                dataset=job.subject,
                contract=contract,
                previous=previous,
                objects=str(context.layout.objects),
                files=tuple(_staged(row, _parser(job)) for row in rows),
                staging=str(staging),
                memory_mb=context.settings.intake.memory_mb,
            ),
        )

    def _without_repeats(self, context: Context, job: JobRecord, rows: list[LedgerRow]) -> list[LedgerRow]:
        """Content that came in since the claim, or twice in this batch, is a duplicate."""

        def change(transaction: Transaction) -> list[LedgerRow]:
            digests = [row.file.sha256 for row in rows if row.file.sha256 is not None]
            known = files.committed_content(transaction, FilePurpose.DATA, job.subject, digests)
            fresh: list[LedgerRow] = []
            for row in rows:
                if row.file.streamed:
                    fresh.append(row)
                    continue
                first = known.setdefault(row.file.sha256 or "", row.file.id)
                if first == row.file.id:
                    fresh.append(row)
                    continue
                reason = Reason(code="duplicate", message=f"Its content came in with {first} already.")
                file = msgspec.structs.replace(row.file, state=FileState.DUPLICATE, duplicate_of=first, reason=reason)
                files.put(transaction, msgspec.structs.replace(row, file=file, staged=None))
            return fresh

        return context.store.write(change) if rows else []

    def publish(self, context: Context, job: JobRecord, value: Any) -> IntakeResult:
        """Parts first, then the bytes of refused files, then the contract: all may be repeated."""
        result = convert(value, IntakeResult)
        for part in result.parts:
            publish_part(Path(part.path), part.part.sha256, context.layout.objects)
        rows = {row.file.id: row for row in delivered.staged_rows(context, job.payload["files"])}
        for outcome in result.files:
            if outcome.state is FileState.QUARANTINED and outcome.id in rows and outcome.reason is not None:
                delivered.keep_bytes(context, rows[outcome.id], outcome.reason)
        kept = self._contract_to_keep(context, job, result)
        if kept is not None and kept != context.contract(job.subject):
            save_contract(context.layout, kept)
        return result

    def _contract_to_keep(self, context: Context, job: JobRecord, result: IntakeResult) -> Contract | None:
        """An accepted file widens the columns; the team's policy and rules stay as they wrote them."""
        found, written = result.contract, context.contract(job.subject)
        if found is not None and job.payload.get("keep") and _any_committed(result):
            return _with_parser(found, written, _parser(job) or Parser())
        if found is None or written is None or not job.payload.get("accept"):
            return found
        return msgspec.structs.replace(
            found, schema_policy=written.schema_policy, rules=written.rules, reject_budget=written.reject_budget
        )

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: IntakeResult
    ) -> dict[str, Any]:
        """Ledger, version and follow-up jobs in one transaction."""
        rows = {row.file.id: row for row in files.ledger(transaction, job.payload["files"])}
        contract = published.contract
        version = self._version(transaction, job, published, rows) if published.parts and contract is not None else None
        self._commit_files(transaction, rows, published, version)
        if version is not None and contract is not None:
            self._commit_version(context, transaction, version, contract.mode)
        elif contract is not None:
            datasets.define(transaction, job.subject, contract.mode.value)
        return {
            "version": version.version if version is not None else None,
            "committed": sum(outcome.state is FileState.COMMITTED for outcome in published.files),
            "quarantined": sum(outcome.state is FileState.QUARANTINED for outcome in published.files),
        }

    def _version(
        self, transaction: Transaction, job: JobRecord, result: IntakeResult, rows: dict[str, LedgerRow]
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
            notices=(*result.notices, *_notices_of_files(result, rows)),
            created_at=transaction.now,
        )

    def _commit_files(
        self,
        transaction: Transaction,
        rows: dict[str, LedgerRow],
        published: IntakeResult,
        version: DatasetVersion | None,
    ) -> None:
        taken: list[delivered.Taken] = []
        number = version.version if version is not None else None
        for outcome in published.files:
            row = rows[outcome.id]
            if outcome.state is FileState.QUARANTINED and outcome.reason is not None:
                delivered.quarantine_file(transaction, row, outcome.reason)
                continue
            file = msgspec.structs.replace(row.file, rejected_rows=outcome.rejected_rows)
            where = f"{outcome.rows} rows in {version.dataset}@{number}" if version is not None else "no rows"
            row = msgspec.structs.replace(row, file=file)
            taken.append(delivered.Taken(row, outcome.rows, where, number))
        delivered.commit_files(transaction, taken)

    def _commit_version(self, context: Context, transaction: Transaction, version: DatasetVersion, mode: Mode) -> None:
        number = version.version - 1
        previous = datasets.parts(transaction, version.dataset, number) if number else ()
        datasets.commit_version(transaction, version, mode.value, previous=previous)
        transaction.emit(
            "dataset.committed",
            version.dataset,
            f"{version.dataset}@{version.version}: {version.added_rows:+,} rows, "
            f"{version.rows:,} in all ({version.cause})",
            data={"version": version.version, "rows": version.rows},
        )
        for notice in version.notices:
            transaction.emit(
                "dataset.notice", version.dataset, f"{version.dataset}@{version.version}: {safe(notice, 300)}"
            )
        triggers.after_version(context, transaction, version)

    def settle(self, context: Context, job: JobRecord, published: IntakeResult) -> None:
        """Originals leave the inbox; staging is cleaned."""
        kept = {outcome.id for outcome in published.files if outcome.state is FileState.QUARANTINED}
        for row in context.store.read(lambda query: files.ledger(query, job.payload["files"])):
            delivered.clear(context, row, kept=row.file.id in kept)
        shutil.rmtree(_staging(context, job), ignore_errors=True)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """A batch that no worker survives is held, not tried for ever."""
        reason = delivered.reason_of(error)
        for row in files.ledger(transaction, job.payload["files"]):
            if row.file.state is FileState.STAGED:
                delivered.keep_bytes(context, row, reason)
                delivered.quarantine_file(transaction, row, reason)


def _staging(context: Context, job: JobRecord) -> Path:
    return context.layout.staging / f"intake-{job.id}"


def _parser(job: JobRecord) -> Parser | None:
    """The settings that somebody gave for the files of this job."""
    given = job.payload.get("parser")
    return convert(given, Parser) if given else None


def _with_parser(found: Contract, written: Contract | None, parser: Parser) -> Contract:
    """`found` with the settings that read the file, as a new revision the first time."""
    before = written.revision if written is not None else 0
    changed = written is None or written.parser != parser
    return msgspec.structs.replace(found, parser=parser, revision=max(found.revision, before + changed))


def _any_committed(result: IntakeResult) -> bool:
    return any(outcome.state is FileState.COMMITTED for outcome in result.files)


def _notices_of_files(result: IntakeResult, rows: dict[str, LedgerRow]) -> list[str]:
    """What was noted about files that came in, each notice once however many files it is about."""
    about: dict[str, list[str]] = {}
    for outcome in result.files:
        for notice in outcome.notices if outcome.state is FileState.COMMITTED else ():
            about.setdefault(notice, []).append(safe(Path(rows[outcome.id].file.path).name, 60))
    return [
        f"{names[0]}{f' and {len(names) - 1:,} more' if len(names) > 1 else ''}: {notice}"
        for notice, names in islice(about.items(), _TOLD)
    ]


def _staged(row: LedgerRow, parser: Parser | None) -> StagedFile:
    assert row.staged is not None
    assert row.file.sha256 is not None
    return StagedFile(
        id=row.file.id,
        path=row.staged,
        original_name=Path(row.file.path).name,
        sha256=row.file.sha256,
        bytes=row.file.bytes,
        parser=parser,
    )
