"""A small factory whose history tests write step by step, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import duckdb
import msgspec

from shopfloor.domain.dataset import DatasetVersion, FileSpan, Part
from shopfloor.domain.file import FilePurpose, FileRecord, FileState, Reason
from shopfloor.domain.job import CauseKind, JobCause, JobKind, JobRecord, JobState
from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.release import AliasChange, Decision, ModelVersion, Outcome
from shopfloor.domain.run import ArtifactRef, RunRecord, RunState, SegmentScore
from shopfloor.lineage.trace import MAX_NODES, trace
from shopfloor.store import alerts, datasets, files, inference, jobs, migrate, models, runs
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.store import Reader
from shopfloor.store.transaction import Transaction

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)


def digest(*words: object) -> str:
    """A sha256 that depends on `words` only."""
    return hashlib.sha256(repr(words).encode()).hexdigest()


class CountingReader(Reader):
    """A reader that counts its queries."""

    count = 0

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        self.count += 1
        return super().one(sql, parameters)

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.count += 1
        return super().all(sql, parameters)


def data(dataset: str, version: int) -> JobCause:
    """A dataset's version as what started a job."""
    return JobCause(kind=CauseKind.DATASET_VERSION, name=dataset, number=version)


def raised(alert: str) -> JobCause:
    """An alert as what started a job."""
    return JobCause(kind=CauseKind.ALERT, name=alert)


class Factory:
    """Each call is one transaction, one hour after the one before."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config={"temp_directory": ""})
        for script in migrate.scripts().values():
            self.connection.execute(script)
        self.now = START
        self._seq = 0
        self.reader = CountingReader(self.connection)

    def write(self, mutate: Callable[[Transaction], T]) -> T:
        self.now += timedelta(hours=1)
        transaction = Transaction(self.connection, self.now, self._seq)
        result = mutate(transaction)
        transaction.flush()
        self._seq = transaction.seq
        return result

    def trace(
        self, ref: str, direction: str = "both", as_of: datetime | None = None, limit: int = MAX_NODES
    ) -> LineageGraph:
        return trace(self.reader, ref, direction, as_of, limit=limit)

    def deliver(
        self,
        dataset: str,
        *,
        state: FileState = FileState.COMMITTED,
        purpose: FilePurpose = FilePurpose.DATA,
        duplicate_of: str | None = None,
        reason: Reason | None = None,
        path: str = "",
    ) -> str:
        def put(transaction: Transaction) -> str:
            id, number = transaction.next_id("f")
            file = FileRecord(
                id=id,
                dataset=dataset,
                path=path or f"inbox/{dataset}/{id}.csv",
                purpose=purpose,
                sha256=digest(id),
                bytes=100,
                rows=10,
                state=state,
                reason=reason,
                duplicate_of=duplicate_of,
                seen_at=transaction.now,
                committed_at=transaction.now if state is FileState.COMMITTED else None,
            )
            identity = Identity(raw_path=file.path.encode(), dev=1, ino=number, size=100, mtime_ns=0, ctime_ns=0)
            files.put(transaction, LedgerRow(file=file, number=number, identity=identity))
            return id

        return self.write(put)

    def withdraw(self, id: str) -> None:
        """Its rows leave; here only the record shows it."""

        def put(transaction: Transaction) -> None:
            row = files.ledger(transaction, [id])[0]
            file = msgspec.structs.replace(row.file, state=FileState.WITHDRAWN)
            files.put(transaction, msgspec.structs.replace(row, file=file))
            transaction.emit("file.withdrawn", file.dataset, "", data={"file": id})

        self.write(put)

    def commit(
        self,
        dataset: str,
        delivered: Sequence[str],
        *,
        replace: bool = False,
        cause: str = "",
        part: str = "",
        restored: int | None = None,
    ) -> int:
        """One part of all `delivered` files; with `replace` the earlier parts are gone."""

        def put(transaction: Transaction) -> int:
            datasets.define(transaction, dataset, "append")
            number = datasets.current_version(transaction, dataset) + 1
            before = datasets.parts(transaction, dataset, number - 1)
            spans = tuple(FileSpan(file=file, first=10 * at, rows=10) for at, file in enumerate(delivered))
            new = Part(
                sha256=part or digest(dataset, number),
                rows=10 * len(delivered),
                bytes=1000,
                files=spans,
                time_min=START,
                time_max=START,
            )
            held = (*(() if replace else before), new) if delivered or part else before
            version = DatasetVersion(
                dataset=dataset,
                version=number,
                digest=digest(number),
                rows=sum(p.rows for p in held),
                columns=(),
                parts=tuple(held),
                files=tuple(delivered),
                cause=cause,
                restored=restored,
                created_at=transaction.now,
            )
            datasets.commit_version(transaction, version, "append", previous=before)
            return number

        return self.write(put)

    def job(
        self, kind: JobKind, subject: str, *causes: JobCause, trigger: str = "", payload: dict[str, Any] | None = None
    ) -> JobRecord:
        return self.write(
            lambda t: jobs.enqueue(t, kind, subject, payload=payload or {}, trigger=trigger, causes=causes)
        )

    def finish(self, job: JobRecord, result: dict[str, Any]) -> None:
        def put(transaction: Transaction) -> None:
            ended = msgspec.structs.replace(
                job, state=JobState.SUCCEEDED, started_at=transaction.now, finished_at=transaction.now, result=result
            )
            jobs.put(transaction, ended)

        self.write(put)

    def train(
        self, model: str, dataset: str, version: int, *, job: str | None = None, trigger: str = "", pooled: bool = False
    ) -> str:
        def put(transaction: Transaction) -> str:
            segments = (SegmentScore(segment="north", rows=4, fallback="4 rows, 40 needed"),) if pooled else ()
            run = RunRecord(
                id="",
                model=model,
                dataset=dataset,
                dataset_version=version,
                job=job,
                trigger=trigger,
                state=RunState.SUCCEEDED,
                segments=segments,
                chosen="linear",
                metrics={"roc_auc": 0.7},
                started_at=transaction.now,
                duration_s=60.0,
            )
            return runs.create(transaction, run).id

        return self.write(put)

    def register(self, model: str, run: str, outcome: Outcome = Outcome.PROMOTE) -> int:
        def put(transaction: Transaction) -> int:
            number = models.next_version(transaction, model)
            decision = Decision(outcome=outcome, reason="better by 0.02", decided_at=transaction.now)
            artifact = ArtifactRef(sha256=digest(model, number), bytes=10)
            version = ModelVersion(
                model=model,
                version=number,
                run=run,
                dataset_version=1,
                artifact=artifact,
                decision=decision,
                created_at=transaction.now,
            )
            models.put_version(transaction, version)
            models.put_state(transaction, models.ModelState(name=model))
            return number

        return self.write(put)

    def promote(self, model: str, version: int | None, *, cause: str = "gate", reason: str = "better") -> int:
        def move(transaction: Transaction) -> int:
            held = models.aliases(transaction, model).get("champion")
            change = AliasChange(
                model=model,
                alias="champion",
                version=version,
                previous=held,
                actor="you",
                cause=cause,
                reason=reason,
                at=transaction.now,
            )
            return models.move_alias(transaction, change).seq

        return self.write(move)

    def log(
        self,
        model: str,
        kind: str,
        *,
        version: int | None = None,
        source: str = "batch",
        origin: str = "",
        rows: int = 5,
    ) -> None:
        def put(transaction: Transaction) -> None:
            part = inference.InferencePart(
                sha256=digest(model, kind, transaction.now),
                model=model,
                kind=kind,
                path="x.parquet",
                model_version=version,
                rows=rows,
                source=source,
                origin=origin,
                first_at=self.now.replace(tzinfo=None),
                last_at=self.now.replace(tzinfo=None),
            )
            inference.put(transaction, part)

        self.write(put)

    def alert(
        self,
        subject: str,
        check: str,
        feature: str | None = None,
        *,
        cause: str = "",
        version: int | None = None,
        symptoms: list[list[str]] | None = None,
        **more: Any,
    ) -> str:
        evidence: dict[str, Any] = {"model_version": version, **more} if version else more
        if symptoms:
            evidence["symptoms"] = symptoms

        def put(transaction: Transaction) -> str:
            alert = AlertRecord(
                id="",
                subject=subject,
                check=check,
                feature=feature,
                cause=cause,
                evidence=evidence,
                opened_at=transaction.now,
                updated_at=transaction.now,
            )
            return alerts.create(transaction, alert).id

        return self.write(put)
