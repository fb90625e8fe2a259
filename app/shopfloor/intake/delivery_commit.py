"""What a delivery leaves in the store: the version, the state of every file, and what was told about them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import msgspec

from shopfloor.arrival import file_outcomes
from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion, Part
from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.job import JobRecord
from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted, first_of, safe
from shopfloor.intake.records import IntakeResult
from shopfloor.lake.manifest import digest
from shopfloor.store import datasets, files, rejects
from shopfloor.store.files import LedgerRow
from shopfloor.store.transaction import Transaction

# A burst may note something else about each of a thousand files; nobody reads that far.
_MOST_NOTICES = 20


class DeliveryCommit:
    """The rows of one delivery in the transaction of its job; `rows` are the ledger's by file."""

    def __init__(
        self, transaction: Transaction, job: JobRecord, published: IntakeResult, rows: dict[str, LedgerRow]
    ) -> None:
        self._transaction = transaction
        self._job = job
        self._published = published
        self._rows = rows

    def version(self, revision: int | None) -> DatasetVersion:
        """The next version of the dataset, with the rows that came in under the contract's `revision`."""
        job, result, rows, transaction = self._job, self._published, self._rows, self._transaction
        number = datasets.current_version(transaction, job.subject)
        before = datasets.parts(transaction, job.subject, number)
        added = tuple(part.part for part in result.parts)
        # Two files may give the very same part (other line ends, the same rows): both count.
        parts: tuple[Part, ...] = (*(result.kept if result.replaces_parts else before), *added)
        total = sum(part.rows for part in parts)
        committed = tuple(outcome.id for outcome in result.files if outcome.state is FileState.COMMITTED)
        cause = first_of([safe(Path(rows[id].file.path).name, 60) for id in committed], 3)
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
            changed_rows=sum(outcome.changed_rows for outcome in result.files),
            columns=result.columns,
            parts=parts,
            files=committed,
            cause=cause,
            notices=(*result.notices, *_notices_of_files(result, rows, job.payload.get("notices", {}))),
            created_at=transaction.now,
            contract_revision=revision,
        )

    def commit_files(self, version: DatasetVersion | None) -> None:
        """Every file is in the version or held, with what was noted about it."""
        job, published, rows, transaction = self._job, self._published, self._rows, self._transaction
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
                row.file,
                changed_rows=outcome.changed_rows,
                rejected_rows=outcome.rejected_rows,
                corrects=outcome.corrects or row.file.corrects,
            )
            where = (
                f"{counted(outcome.rows, 'row')} in {version.dataset}@{number}" if version is not None else "no rows"
            )
            if outcome.changed_rows:
                where += f", {counted(outcome.changed_rows, 'earlier row')} changed"
            row = msgspec.structs.replace(row, file=file)
            taken.append(file_outcomes.CommittedFile(row, outcome.rows, where, number, notices))
        file_outcomes.commit_files(transaction, taken)
        file_outcomes.hold_repeats(transaction, held)

    def let_go(self, version: DatasetVersion) -> None:
        """Files whose rows left say so, and their content may come again."""
        job, transaction = self._job, self._transaction
        by = job.payload.get("by")
        what = f"{by} replaced its rows" if by else "Its rows were withdrawn"
        gone = dict.fromkeys(job.payload.get("withdraw", ()), f"{what}, in {version.dataset}")
        for outcome in self._published.files:
            for earlier in outcome.superseded:
                gone[earlier] = f"{outcome.id} replaced its rows, in {version.dataset}"
        left = []
        for row in files.ledger(transaction, list(gone)):
            reason = Reason(code="withdrawn", message=f"{gone[row.file.id]}@{version.version}.")
            file = msgspec.structs.replace(row.file, state=FileState.WITHDRAWN, reason=reason)
            left.append(msgspec.structs.replace(row, file=file))
        files.put_many(transaction, left, keep=True)

    def settle_repeats(self) -> None:
        """What waited for a file that a person took out of quarantine is a duplicate of it."""
        done = [outcome.id for outcome in self._published.files if outcome.state is FileState.COMMITTED]
        for row in files.ledger(self._transaction, done):
            file_outcomes.settle_repeats(self._transaction, row.file, FileState.DUPLICATE)

    def commit_version(self, version: DatasetVersion, mode: Mode) -> None:
        """The version is the dataset's newest, and told."""
        transaction = self._transaction
        number = version.version - 1
        previous = datasets.parts(transaction, version.dataset, number) if number else ()
        datasets.commit_version(transaction, version, mode.value, previous=previous)
        changed = f", {count(version.changed_rows)} changed" if version.changed_rows else ""
        transaction.emit(
            "dataset.committed",
            version.dataset,
            f"{version.dataset}@{version.version}: {'+' if version.added_rows >= 0 else ''}"
            f"{counted(version.added_rows, 'row')}{changed}, {count(version.rows)} in all ({version.cause})",
            data={"version": version.version, "rows": version.rows},
        )
        for notice in version.notices:
            transaction.emit(
                "dataset.notice",
                version.dataset,
                f"{version.dataset}@{version.version}: {safe(notice, 300)}",
                data={"version": version.version, "notice": notice},
            )


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
    return [f"{first_of(names, 1)}: {notice}" for notice, names in islice(about.items(), _MOST_NOTICES)]
