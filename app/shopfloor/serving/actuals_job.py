"""Ground truth dropped into `actuals/<model>/`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from shopfloor.arrival import file_outcomes
from shopfloor.domain.codec import convert
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.handles import PartFile
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.text import counted
from shopfloor.domain.wire import WireError
from shopfloor.engine.line import triggers
from shopfloor.monitoring import preparing
from shopfloor.runtime import handler
from shopfloor.runtime.context import Context
from shopfloor.serving.batch import ActualsOutcome, ActualsTask
from shopfloor.serving.records import ActualsSpec
from shopfloor.serving.score_job import place_part
from shopfloor.store import files, inference, models
from shopfloor.store.transaction import Transaction


class ActualsHandler:
    """One job a settled batch of files."""

    kind = JobKind.ACTUALS

    def prepare(self, context: Context, job: JobRecord) -> handler.Task | None:
        """Read the files with the target's pinned type."""
        definition = context.definition(job.subject)
        staging = context.layout.staging / f"actuals-{job.id}"
        staging.mkdir(exist_ok=True)
        specs = [
            (row.file.id, self._spec(context, definition, row.staged, Path(row.file.path).name, staging))
            for row in file_outcomes.staged_rows(context, job.payload["files"])
            if row.staged is not None
        ]
        return handler.Task("actuals", ActualsTask(files=tuple(specs))) if specs else None

    def _spec(self, context: Context, definition: ModelDefinition, path: str, name: str, staging: Path) -> ActualsSpec:
        contract = context.contract(definition.dataset)
        target = contract.column(definition.target) if contract is not None else None
        stored = context.store.read(lambda query: models.state(query, definition.name).task)
        learnt = context.store.read(lambda query: preparing.champion_manifest(context, query, definition.name))
        return ActualsSpec(
            model=definition.name,
            task=definition.task or Task(stored or Task.BINARY),
            input_path=path,
            name=name,
            staging=str(staging),
            target=definition.target,
            id=definition.id,
            classes=learnt.classes if learnt is not None else (),
            target_type=target.type if target is not None else ColumnType.TEXT,
            arrived_at=context.clock.now(),
        )

    def publish(self, context: Context, job: JobRecord, value: Any) -> list[ActualsOutcome]:
        """Name the parts by their content; keep the bytes of files that failed."""
        outcomes = convert(value, list[ActualsOutcome])
        rows = {row.file.id: row for row in file_outcomes.staged_rows(context, job.payload["files"])}
        for outcome in outcomes:
            if outcome.result is not None and outcome.result.part is not None:
                place_actuals(context, job.subject, outcome.result.part)
            elif outcome.error is not None and outcome.file in rows:
                file_outcomes.keep_bytes(context, rows[outcome.file], file_outcomes.reason_of(outcome.error))
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
                note_actuals(context, transaction, job.subject, outcome.result.part, source="file", origin=row.file.id)
            file_outcomes.commit_file(transaction, row, outcome.result.rows, counted(outcome.result.rows, "actual"))
        self._follow(context, transaction, job, taken)
        return {"rows": taken}

    def _follow(self, context: Context, transaction: Transaction, job: JobRecord, taken: int) -> None:
        champion = models.aliases(transaction, job.subject).get("champion")
        definition = context.definition(job.subject)
        if taken and champion is not None and definition.monitoring.performance:
            triggers.after_predictions(
                transaction, definition, champion, trigger=f"{counted(taken, 'actual')} of {job.id}"
            )

    def settle(self, context: Context, job: JobRecord, published: list[ActualsOutcome]) -> None:
        """The files leave the drop folder."""
        shutil.rmtree(context.layout.staging / f"actuals-{job.id}", ignore_errors=True)
        failed = {outcome.file for outcome in published if outcome.error is not None}
        for row in context.store.read(lambda query: files.ledger(query, job.payload["files"])):
            file_outcomes.clear(context, row, kept=row.file.id in failed)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """The files wait in quarantine."""
        for row in files.ledger(transaction, job.payload["files"]):
            file_outcomes.keep_bytes(context, row, file_outcomes.reason_of(error))
            file_outcomes.quarantine_file(transaction, row, file_outcomes.reason_of(error))


def place_actuals(context: Context, model: str, part: PartFile) -> None:
    """Publish a part of a model's actuals under the name of its content; again, nothing happens."""
    place_part(Path(part.path), _home(context, model, part.sha256))


def note_actuals(
    context: Context, transaction: Transaction, model: str, part: PartFile, *, source: str, origin: str
) -> bool:
    """Register a published part; False when it was known. `origin` is the file or job of its `source`."""
    return inference.put(
        transaction,
        inference.InferencePart(
            sha256=part.sha256,
            model=model,
            kind="actuals",
            path=context.layout.relative(_home(context, model, part.sha256)),
            model_version=None,
            rows=part.rows,
            source=source,
            origin=origin,
            first_at=transaction.now,
            last_at=transaction.now,
        ),
    )


def _home(context: Context, model: str, sha256: str) -> Path:
    return context.layout.inference / model / "actuals" / f"{sha256}.parquet"
