"""Batch scoring that a person waits for."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import DataError, NotFoundError, RefusedError, ShopfloorError, UsageError
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.requests.models import Predict, PredictReport
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.serving import outputs
from shopfloor.store import jobs, models
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_TIMEOUT_SECONDS = 3600.0
_URGENT = 50


async def predict(services: EngineServices, request: Predict) -> PredictReport:
    """Queue the scoring ahead of everything else and answer when the output is written."""
    queued = await run_in_threadpool(_enqueue, services, request)
    await services.context.stream.wait(_TIMEOUT_SECONDS, lambda: _job(services, queued.job).state.ended)
    return await run_in_threadpool(_report, services, request, _job(services, queued.job))


def _check_in_service(query: Query, definition: ModelDefinition) -> None:
    """Told at once, not by a job that fails."""
    if definition.retired:
        raise RefusedError(
            f"Model {definition.name} is retired.",
            hint=f"Set retired = false in models/{definition.name}.toml first.",
            code="retired",
        )
    if "champion" not in models.aliases(query, definition.name):
        raise RefusedError(
            f"Model {definition.name} has no champion yet.",
            hint=f"See why: shopfloor model show {definition.name}",
            code="no_champion",
        )


def _job(services: EngineServices, id: str) -> JobRecord:
    return services.context.store.read(lambda query: jobs.get(query, id))


def _enqueue(services: EngineServices, request: Predict) -> PredictReport:
    definition = services.context.definition(request.model)
    source, output = Path(request.path), Path(request.output)
    if not source.is_file():
        raise NotFoundError(f"There is no file {safe(request.path)}.", hint="Check the path.", code="file_missing")
    if not output.is_absolute() or not output.parent.is_dir():
        raise UsageError(
            f"{safe(request.output)} cannot be written.", hint="Name a file in a folder that exists.", code="bad_output"
        )
    if output.suffix not in {".csv", ".parquet"}:
        raise UsageError(
            f"{safe(output.name)} is neither .csv nor .parquet.",
            hint="End the output's name in .csv or .parquet.",
            code="bad_output",
        )

    def change(transaction: Transaction) -> PredictReport:
        _check_in_service(transaction, definition)
        job = jobs.enqueue(
            transaction,
            JobKind.SCORE,
            definition.name,
            payload={"path": request.path, "output": request.output, "raw": request.raw},
            trigger=f"requested by {request.actor}",
            priority=_URGENT,
        )
        return PredictReport(model=definition.name, model_version=0, rows=0, output=request.output, job=job.id)

    return services.mutate(request, change)


def _report(services: EngineServices, request: Predict, job: JobRecord) -> PredictReport:
    result = job.result or {}
    if job.state is not JobState.SUCCEEDED:
        raise ShopfloorError(
            job.error or f"The scoring job {job.id} {job.state}.",
            hint=f"Its log: shopfloor job log {job.id}",
            code="job_failed",
        )
    if "error" in result:
        raise DataError(result["error"], hint=result.get("hint", ""))
    outputs.reveal(services.context.layout, job)  # the job has succeeded, and may not have come to that yet
    return PredictReport(
        model=job.subject,
        model_version=result["model_version"],
        rows=result["rows"],
        output=request.output,
        ignored_columns=tuple(result.get("ignored", ())),
        absent_columns=tuple(result.get("absent", ())),
        changed_cells=result.get("changed", 0),
        notices=tuple(result.get("notices", ())),
        job=job.id,
    )
