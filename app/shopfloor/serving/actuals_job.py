"""Ground truth dropped into `actuals/<model>/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shopfloor.arrival import file_outcomes
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.text import counted
from shopfloor.domain.wire import WireError
from shopfloor.runtime import inference, task
from shopfloor.runtime.champion import champion_manifest
from shopfloor.runtime.context import Context
from shopfloor.runtime.line import ActualsArrived
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.serving import file_job, job_lines
from shopfloor.serving.records import ActualsOutcome, ActualsSpec, ActualsTask
from shopfloor.serving.score_job import written_like
from shopfloor.serving.tasks import take_actuals
from shopfloor.store import files, models
from shopfloor.store import value as value_store
from shopfloor.store.inference import LogKind
from shopfloor.store.transaction import Transaction


class ActualsHandler:
    """One job a settled batch of files."""

    kind = JobKind.ACTUALS
    worker_class = WorkerClass.HEAVY

    def prepare(self, context: Context, job: JobRecord) -> task.WorkerTask[ActualsTask] | None:
        """Read the files as the dataset's contract says."""
        definition = context.definition(job.subject)
        contract = written_like(context, definition.dataset, job)
        staging = file_job.staging(context, job)
        staging.mkdir(exist_ok=True)
        specs = [
            (row.file.id, self._spec(context, definition, contract, row.staged, Path(row.file.path).name, staging))
            for row in file_outcomes.staged_rows(context, job.payload["files"])
            if row.staged is not None
        ]
        return task.WorkerTask(take_actuals, ActualsTask(files=tuple(specs))) if specs else None

    def _spec(
        self,
        context: Context,
        definition: ModelDefinition,
        contract: Contract,
        path: str,
        name: str,
        staging: Path,
    ) -> ActualsSpec:
        stored = context.store.read(lambda query: models.state(query, definition.name).task)
        learnt = context.store.read(lambda query: champion_manifest(context, query, definition.name))
        return ActualsSpec(
            model=definition.name,
            task=definition.task or Task(stored or Task.BINARY),
            input_path=path,
            name=name,
            staging=str(staging),
            target=definition.target,
            id=definition.id,
            amounts=context.store.read(lambda query: value_store.amounts(query, definition)),
            classes=learnt.classes if learnt is not None else (),
            contract=contract,
            memory_mb=context.settings.intake.memory_mb,
            arrived_at=context.clock.now(),
        )

    def publish(self, context: Context, job: JobRecord, value: Any) -> list[ActualsOutcome]:
        """Publish the actuals; keep the bytes of files that failed."""
        outcomes = convert(value, list[ActualsOutcome])
        file_job.publish(context, job, LogKind.ACTUALS, outcomes)
        return outcomes

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: list[ActualsOutcome]
    ) -> dict[str, Any]:
        """Ledger rows, parts, and a check of the champion's performance."""
        rows = {row.file.id: row for row in files.ledger(transaction, job.payload["files"])}
        taken = 0
        for outcome in published:
            row = rows[outcome.file]
            if outcome.result is None:
                assert outcome.error is not None
                file_outcomes.quarantine_file(transaction, row, file_outcomes.reason_of(outcome.error))
                continue
            taken += outcome.result.rows
            if outcome.result.part is not None:
                origin = inference.Origin("file", row.file.id)
                inference.register(context, transaction, job.subject, LogKind.ACTUALS, outcome.result.part, origin)
            words = file_outcomes.with_notices(counted(outcome.result.rows, "actual"), outcome.result.notices)
            file_outcomes.commit_file(transaction, row, outcome.result.rows, words, notices=outcome.result.notices)
        if taken:
            trigger = f"{counted(taken, 'actual')} of {job.id}"
            context.line.after(transaction, ActualsArrived(job.subject, trigger, job.id))
        return {"rows": taken}

    def report(self, context: Context, job: JobRecord, published: list[ActualsOutcome]) -> Iterator[str]:
        """Rows and what was odd about each file."""
        return job_lines.of_actuals(published, file_job.names(context, job))

    def settle(self, context: Context, job: JobRecord, published: list[ActualsOutcome]) -> None:
        """The files leave the drop folder."""
        file_job.settle(context, job, published)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """The files wait in quarantine."""
        file_outcomes.hold_all(context, transaction, job, error)
