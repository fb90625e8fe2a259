"""Batch scoring: files dropped into `score/<model>/`, and files a person names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from shopfloor.arrival import file_locations, file_outcomes
from shopfloor.domain import csv_text
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Contract
from shopfloor.domain.errors import ExitCode, RefusedError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.remedy import advice
from shopfloor.domain.service import BATCH, FaultCount, RequestFault
from shopfloor.domain.text import counted, safe
from shopfloor.domain.wire import WireError
from shopfloor.runtime import inference
from shopfloor.runtime.champion import champion_artifact
from shopfloor.runtime.context import Context
from shopfloor.runtime.line import PredictionsLogged
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.serving import file_job, job_lines, outputs
from shopfloor.serving.records import ScoreOutcome, ScoreResult, ScoreSpec, ScoreTask
from shopfloor.serving.tasks import score_files
from shopfloor.store import files, models, requests, thresholds
from shopfloor.store.files import LedgerRow
from shopfloor.store.inference import LogKind
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.durable import make_folder

_ORIGIN = 16  # digits of a digest that tell files apart
_STEM = 180  # bytes of a name that others are made of


class _Input(NamedTuple):
    """A file to score: its ledger id (empty for one that a person names), path, name as delivered, where its
    predictions go, and the digest that stands for it."""

    id: str
    path: str
    name: str
    output: Path
    origin: str


class ScoreHandler:
    """One job a settled batch of files, or one named file (payload `path` and `output`)."""

    kind = JobKind.SCORE
    worker_class = WorkerClass.HEAVY

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[ScoreTask] | None:
        """The champion of this moment scores the files."""
        definition = context.definition(job.subject)
        champion, threshold = context.store.read(lambda query: self._served(context, query, definition.name))
        if champion is None:
            raise RefusedError(
                f"Model {definition.name} has no champion yet.",
                hint=f"Train it: shopfloor model train {definition.name}; or promote a version.",
                code="no_champion",
            )
        contract = written_like(context, definition.dataset, job)
        staging = file_job.staging(context, job)
        staging.mkdir(exist_ok=True)
        raw = bool(job.payload.get("raw", context.settings.serving.raw_csv))
        specs = [
            (one.id, self._spec(context, champion, definition.id, contract, one, staging, raw=raw))
            for one in self._inputs(context, job)
        ]
        specs = [
            (id, msgspec.structs.replace(spec, threshold=threshold, humility=definition.humility)) for id, spec in specs
        ]
        return WorkerTask(score_files, ScoreTask(files=tuple(specs))) if specs else None

    def _served(self, context: Context, query: Query, model: str) -> tuple[ArtifactFile | None, float | None]:
        champion = champion_artifact(context, query, model)
        return champion, None if champion is None else thresholds.of_version(query, model, champion.version)

    def _inputs(self, context: Context, job: JobRecord) -> list[_Input]:
        if "path" in job.payload:
            path, output = str(job.payload["path"]), Path(str(job.payload["output"]))
            asked = hashlib.sha256(f"{job.id} {job.created_at}".encode()).hexdigest()
            return [_Input("", path, Path(path).name, outputs.hidden(output, job), asked)]
        outbox = context.layout.outbox / job.subject
        make_folder(outbox)
        return [
            _Input(
                row.file.id,
                row.staged,
                os.path.basename(row.file.path),
                outputs.hidden(outbox / _output_name(row), job),
                row.file.sha256 or row.file.id,
            )
            for row in file_outcomes.staged_rows(context, job.payload["files"])
            if row.staged is not None
        ]

    def _spec(
        self,
        context: Context,
        champion: ArtifactFile,
        id: str | None,
        contract: Contract,
        file: _Input,
        staging: Path,
        *,
        raw: bool,
    ) -> ScoreSpec:
        return ScoreSpec(
            artifact=champion,
            key_path=str(context.layout.signing_key),
            input_path=file.path,
            name=file.name,
            origin=file.origin[:_ORIGIN],
            output_path=str(file.output),
            inference_staging=str(staging),
            id=id,
            raw=raw,
            at=context.clock.now(),
            contract=contract,
            memory_mb=context.settings.intake.memory_mb,
        )

    def publish(self, context: Context, job: JobRecord, value: Any) -> list[ScoreOutcome]:
        """Publish the predictions; keep the bytes of files that failed."""
        outcomes = convert(value, list[ScoreOutcome])
        file_job.publish(context, job, LogKind.PREDICTIONS, outcomes)
        return outcomes

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: list[ScoreOutcome]
    ) -> dict[str, Any]:
        """Ledger rows, inference parts and the check that follows."""
        reach("score.published")
        rows = {row.file.id: row for row in files.ledger(transaction, job.payload.get("files", []))}
        asked = self._count(transaction, job, published)
        scored = 0
        version = None
        for outcome in published:
            row = rows.get(outcome.file)
            if outcome.result is None:
                self._refuse(transaction, row, outcome)
                continue
            scored += outcome.result.rows
            version = outcome.result.model_version
            self._register(context, transaction, job, outcome.result)
            if row is not None:
                result = outcome.result
                told = _message(context, result)
                file_outcomes.commit_file(transaction, row, result.rows, told, notices=result.notices)
        if asked is not None and (scored or any(one.error is not None for one in published)):
            trigger = f"{counted(scored, 'prediction')} of {job.id}"
            context.line.after(transaction, PredictionsLogged(job.subject, asked, trigger, job.id))
        first = published[0] if len(published) == 1 else None
        single = (
            {
                "error": first.error.message,
                "hint": _hint(first.error, context.definition(job.subject).dataset),
            }
            if first is not None and first.error is not None
            else {}
        )
        alone = first.result if first is not None else None
        columns = (
            {}
            if alone is None
            else {
                "ignored": list(alone.ignored),
                "absent": list(alone.absent),
                "changed": alone.changed,
                "notices": list(alone.notices),
            }
        )
        return {"rows": scored, "model_version": version, **columns, **single}

    def _count(self, transaction: Transaction, job: JobRecord, outcomes: Sequence[ScoreOutcome]) -> int | None:
        """Count files that were scored, and those that were not, for the version that was asked; it is returned."""
        answered = [one.result.model_version for one in outcomes if one.result is not None]
        faults = [_fault(one.error, one.fault, transaction.now) for one in outcomes if one.error is not None]
        version = answered[0] if answered else models.aliases(transaction, job.subject).get("champion")
        if version is not None:
            requests.add(transaction, job.subject, version, BATCH, len(answered), faults)
        return version

    def _refuse(self, transaction: Transaction, row: LedgerRow | None, outcome: ScoreOutcome) -> None:
        if row is not None and outcome.error is not None:
            file_outcomes.quarantine_file(transaction, row, file_outcomes.reason_of(outcome.error))

    def _register(self, context: Context, transaction: Transaction, job: JobRecord, result: ScoreResult) -> None:
        if result.part is None:
            return
        inference.register(
            context,
            transaction,
            job.subject,
            LogKind.PREDICTIONS,
            result.part,
            inference.Origin("batch", job.id),
            version=result.model_version,
            between=(result.first_at, result.last_at),
            humility=result.humility,
        )
        transaction.emit(
            "predictions.logged",
            job.subject,
            f"{counted(result.rows, 'prediction')} of {job.subject}@{result.model_version}",
            data={"rows": result.rows, "job": job.id},
        )

    def report(self, context: Context, job: JobRecord, published: list[ScoreOutcome]) -> Iterator[str]:
        """Rows and what was odd about each file."""
        return job_lines.of_score(published, file_job.names(context, job))

    def settle(self, context: Context, job: JobRecord, published: list[ScoreOutcome]) -> None:
        """The predictions are there for everybody; the scored files leave the drop folder."""
        reach("score.committed")
        outputs.reveal(context.layout, job)
        file_job.settle(context, job, published)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """The files wait in quarantine until the model can score them."""
        outputs.discard(context.layout, job)
        file_outcomes.hold_all(context, transaction, job, error)
        version = models.aliases(transaction, job.subject).get("champion")
        if version is None or error.exit == ExitCode.REFUSED:
            return
        fault = _fault(error, RequestFault.FAILED, transaction.now)
        fault = msgspec.structs.replace(fault, count=max(len(job.payload.get("files", [])), 1))
        requests.add(transaction, job.subject, version, BATCH, 0, [fault])
        context.line.after(transaction, PredictionsLogged(job.subject, version, f"{job.id}, which failed", job.id))


def _fault(error: WireError, fault: RequestFault, at: datetime) -> FaultCount:
    return FaultCount(fault=fault, code=error.code, message=safe(error.message, 300), first_at=at, last_at=at)


def written_like(context: Context, dataset: str, job: JobRecord) -> Contract:
    """The contract that says how a model's files are written, with the settings that somebody gave for these."""
    contract = context.contract(dataset) or Contract(name=dataset)
    parser = file_locations.parser_of(job, contract)
    return msgspec.structs.replace(contract, parser=parser or contract.parser)


def _hint(error: WireError, dataset: str) -> str:
    """What to do about a file that a person named, which is not in the ledger."""
    return advice(error.hint, [remedy.for_dataset(dataset) for remedy in error.remedies])


def _message(context: Context, result: ScoreResult) -> str:
    output = outputs.revealed(Path(result.output_path))
    words = f"{counted(result.rows, 'row')} scored into {context.layout.relative(output)}"
    if result.humility.rows:
        words += f"; the model was not trusted with {result.humility.told(result.rows)}"
    if result.changed:
        words += f"; {csv_text.changes_note(result.changed, 'serving.raw_csv = true')}".rstrip(".")
    if result.absent:
        words += f"; absent, treated as missing: {', '.join(safe(name, 60) for name in result.absent[:12])}"
    return file_outcomes.with_notices(words, result.notices)


def _output_name(row: LedgerRow) -> str:
    name = os.path.basename(row.file.path)
    stem = name.partition(".")[0].encode()[:_STEM].decode(errors="ignore") or row.file.id
    return f"{stem}-{row.file.id}.csv"
