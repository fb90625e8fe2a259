"""Intake jobs: a settled batch of files becomes one dataset version."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Container, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.arrival import file_locations, file_outcomes
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract, Mode, Parser
from shopfloor.domain.contract_changes import same
from shopfloor.domain.errors import ConfigError, ExitCode
from shopfloor.domain.failpoint import reach
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.revision import ContractCause
from shopfloor.domain.text import safe
from shopfloor.domain.wire import WireError
from shopfloor.intake import job_lines, type_change_notices
from shopfloor.intake.balance import check_balance
from shopfloor.intake.contract import live
from shopfloor.intake.delivery_commit import DeliveryCommit
from shopfloor.intake.job_spec import spec_of
from shopfloor.intake.records import IntakeResult, IntakeSpec
from shopfloor.intake.task import take_in
from shopfloor.lake.objects import publish_part
from shopfloor.runtime.context import Context
from shopfloor.runtime.contract_book import Stamp
from shopfloor.runtime.line import VersionCommitted
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import datasets, files, jobs, revisions
from shopfloor.store.files import LedgerRow
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.contracts import parse_contract

_LOG = logging.getLogger("shopfloor.intake")


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
        staging = _staging(context, job)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        return WorkerTask(take_in, spec_of(context, job, rows, withdrawn, staging))

    def _without_repeats(self, context: Context, job: JobRecord, rows: list[LedgerRow]) -> list[LedgerRow]:
        """Content that was ingested since the claim, or is twice in this batch, is a duplicate."""

        contract = context.contract(job.subject)
        repeated = contract is not None and contract.arrival.repeated

        def change(transaction: Transaction) -> list[LedgerRow]:
            digests = [row.file.sha256 for row in rows if row.file.sha256 is not None]
            known = files.committed_content(transaction, FilePurpose.DATA, job.subject, digests)
            fresh: list[LedgerRow] = []
            for row in rows:
                if repeated or not row.file.dropped:
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
        result = _as_snapshot(convert(value, IntakeResult))
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
        delivery = DeliveryCommit(transaction, job, published, rows)
        version = None
        if (published.parts or published.replaces_parts) and contract is not None:
            version = delivery.version(revision)
        delivery.commit_files(version)
        if version is not None:
            delivery.let_go(version)
        if job.payload.get("actor", "engine") != "engine":  # files that a person took out of quarantine
            delivery.settle_repeats()
        if version is not None and contract is not None:
            delivery.commit_version(version, contract.mode)
            context.line.after(transaction, VersionCommitted(version))
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


def _as_snapshot(result: IntakeResult) -> IntakeResult:
    """A query's result stays one that the next replaces, also where rows were added to it."""
    if result.contract is None or not result.contract.query:
        return result
    return msgspec.structs.replace(result, contract=msgspec.structs.replace(result.contract, mode=Mode.SNAPSHOT))


def _with_fate(rows: Iterable[LedgerRow], kept: Container[str]) -> Iterator[tuple[LedgerRow, bool]]:
    for row in rows:
        reach("intake.original")
        yield row, row.file.id in kept


def _staging(context: Context, job: JobRecord) -> Path:
    return context.layout.staging / f"intake-{job.id}"


def _any_committed(result: IntakeResult) -> bool:
    return any(outcome.state is FileState.COMMITTED for outcome in result.files)
