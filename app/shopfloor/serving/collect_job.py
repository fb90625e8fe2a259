"""The serving process's log, taken in exactly once by segment and offset."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shopfloor.domain.codec import convert
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.text import counted
from shopfloor.domain.wire import WireError
from shopfloor.lake.locations import artifact_file
from shopfloor.runtime.context import Context
from shopfloor.runtime.inference import Origin, publish, register
from shopfloor.runtime.line import PredictionsLogged
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.serving import job_lines
from shopfloor.serving.records import CollectOutcome, CollectTask
from shopfloor.serving.tasks import collect_log
from shopfloor.store import jobs, segments
from shopfloor.store.inference import LogKind
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace import segment_reader


class CollectHandler:
    """New lines of all segments become inference parts; the offsets move in the same transaction."""

    kind = JobKind.COLLECT
    worker_class = WorkerClass.HEAVY

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[CollectTask] | None:
        """Segments with unread bytes, and where each model version's manifest lies."""
        pending = pending_segments(context)
        if not pending:
            return None
        staging = context.layout.staging / f"collect-{job.id}"
        staging.mkdir(exist_ok=True)
        manifests = context.store.read(lambda query: self._manifests(context, query))
        return WorkerTask(
            collect_log,
            CollectTask(
                segments=tuple(pending),
                staging=str(staging),
                manifests=manifests,
                key_path=str(context.layout.signing_key),
            ),
        )

    def _manifests(self, context: Context, query: Query) -> dict[str, str]:
        rows = query.all("SELECT model, version, sha256 FROM model_versions")
        return {f"{row[0]}@{row[1]}": artifact_file(context.layout, row[0], row[1], row[2]).path for row in rows}

    def publish(self, context: Context, job: JobRecord, value: Any) -> CollectOutcome:
        """Publish the parts under the names of their content."""
        outcome = convert(value, CollectOutcome)
        for part in outcome.parts:
            publish(context, part.model, LogKind.PREDICTIONS, part.file)
        return outcome

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: CollectOutcome
    ) -> dict[str, Any]:
        """Parts and offsets together: each line counts once."""
        for part in published.parts:
            register(
                context,
                transaction,
                part.model,
                LogKind.PREDICTIONS,
                part.file,
                Origin("rest", part.segment),
                version=part.model_version,
                between=(part.first_at, part.last_at),
                humility=part.humility,
            )
        for segment, offset in published.offsets.items():
            segments.take(transaction, segment, offset)
        if published.damaged:
            transaction.emit(
                "predictions.damaged",
                "serving",
                f"{published.damaged} damaged lines of the inference log were skipped",
                data={"lines": published.damaged},
            )
        logged: Counter[tuple[str, int]] = Counter()
        for part in published.parts:
            logged[part.model, part.model_version] += part.file.rows
        for (model, version), count in logged.items():
            message = f"{counted(count, 'prediction')} of {model}@{version} over REST"
            transaction.emit("predictions.logged", model, message, data={"rows": count})
            context.line.after(transaction, PredictionsLogged(model, version, "REST predictions", job.id, live=True))
        return {"rows": logged.total()}

    def report(self, context: Context, job: JobRecord, published: CollectOutcome) -> Iterator[str]:
        """Predictions by model version."""
        return job_lines.of_collect(published)

    def settle(self, context: Context, job: JobRecord, published: CollectOutcome) -> None:
        """Segments that are read to their end and sealed are done with."""
        shutil.rmtree(context.layout.staging / f"collect-{job.id}", ignore_errors=True)
        for path in published.emptied:
            Path(path).unlink(missing_ok=True)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """The lines stay where they are and are tried again by the next collection."""


def pending_segments(context: Context) -> list[tuple[str, int]]:
    """(path, offset) of segments that hold more than was taken in."""
    found = segment_reader.segments(context.layout.segments)
    if not found:
        return []
    taken = context.store.read(segments.offsets)
    return [(str(path), taken.get(path.name, 0)) for path in found if path.stat().st_size > taken.get(path.name, 0)]


def collect_soon(context: Context) -> None:
    """Queue a collection when the serving process has written something."""
    if pending_segments(context):
        context.store.write(
            lambda transaction: jobs.enqueue(
                transaction, JobKind.COLLECT, "serving", payload={}, trigger="inference log", unique_key="collect"
            )
        )
