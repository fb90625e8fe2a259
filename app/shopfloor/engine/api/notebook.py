"""Models that a notebook fitted become versions like any other: signed, gated by a person."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shopfloor.artifacts import bundle
from shopfloor.domain.codec import convert
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.definition import Task as LearningTask
from shopfloor.domain.errors import NotFoundError, RefusedError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.release import Decision, ModelVersion, Outcome
from shopfloor.domain.requests.runs import RunModel
from shopfloor.domain.run import RunRecord, finite
from shopfloor.engine.services import EngineServices
from shopfloor.release import releasing
from shopfloor.runtime.task import WorkerTask
from shopfloor.store import models, runs
from shopfloor.store.transaction import Transaction
from shopfloor.training.adoption import Adopted, AdoptTask
from shopfloor.training.tasks import adopt_model


def _definition(services: EngineServices, run: RunRecord) -> ModelDefinition:
    """What the run's model is for: without it nobody could say what the version predicts."""
    try:
        return services.context.definition(run.model)
    except NotFoundError as unknown:
        raise NotFoundError(
            f"Run {run.id} is kept under {run.model!r}, which is no model that could take a version.",
            hint="Define one (shopfloor model define NAME --dataset D --target COLUMN) and name it: run(model=NAME).",
            code=unknown.code,
        ) from unknown


def register(services: EngineServices, request: RunModel) -> ModelVersion:
    """Sign the recorder's model and register it; it serves only when a person promotes it."""
    context = services.context
    path = Path(request.path).resolve()
    if not path.is_relative_to(context.layout.staging.resolve()) or not path.is_file():
        raise RefusedError(
            "The model file must lie in the workspace's staging folder.",
            hint="Use run.log_model of the SDK.",
            code="outside",
        )
    if request.task not in set(LearningTask):
        raise UsageError(
            f"There is no task {request.task!r}.", hint=did_you_mean(request.task, list(LearningTask)), code="bad_task"
        )
    run = context.store.read(lambda query: runs.get(query, request.id))
    definition = _definition(services, run)
    adopted = _adopt(services, request, path, run, definition)

    def change(transaction: Transaction) -> ModelVersion:
        version = _version(transaction, request.id, run, adopted)
        releasing.apply_decision(transaction, definition, version, cause=run.id)
        return version

    return services.mutate(request, change)


def _adopt(
    services: EngineServices, request: RunModel, path: Path, run: RunRecord, definition: ModelDefinition
) -> Adopted:
    """A worker makes an artifact of the file at `path`; it is published before anything refers to it."""
    context = services.context
    contract = context.contract(definition.dataset)
    staged = context.layout.staging / f"adopt-{ulid()}"
    task = AdoptTask(
        path=str(path),
        key_path=str(context.layout.signing_key),
        staging=str(staged),
        run=run.id,
        definition=definition,
        dataset_version=run.dataset_version,
        task=LearningTask(request.task),
        features=request.features,
        classes=request.classes,
        columns=contract.columns if contract is not None else (),
        now=context.clock.now(),
    )
    adopted = convert(services.pool.adhoc.ask(WorkerTask(adopt_model, task)), Adopted)
    bundle.publish(staged, context.layout.objects)
    return adopted


def _version(transaction: Transaction, id: str, run: RunRecord, adopted: Adopted) -> ModelVersion:
    """Register the artifact as the next version of the run's model."""
    current = runs.get(transaction, id)
    number = models.next_version(transaction, run.model)
    decision = Decision(
        outcome=Outcome.HOLD,
        reason="Recorded by a notebook: promoting it needs a person.",
        metric=adopted.metric,
        champion=models.aliases(transaction, run.model).get("champion"),
        decided_at=transaction.now,
    )
    version = ModelVersion(
        model=run.model,
        version=number,
        run=run.id,
        dataset_version=run.dataset_version,
        artifact=adopted.artifact,
        decision=decision,
        score=finite(current.metrics.get(adopted.metric)),
        created_at=transaction.now,
    )
    models.put_version(transaction, version)
    runs.put(transaction, msgspec.structs.replace(current, artifact=adopted.artifact, model_version=number))
    return version
