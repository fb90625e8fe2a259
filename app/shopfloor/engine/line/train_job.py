"""Training jobs: a run, a model version, a decision, and the aliases that it changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.artifacts import bundle
from shopfloor.domain.codec import convert
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import FreshRows
from shopfloor.domain.definition import ModelDefinition, ReleasePolicy, RetrainAction
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.numbers import figure
from shopfloor.domain.release import Decision, ModelVersion
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.domain.wire import WireError
from shopfloor.engine.line import delivery_trust, train_lines, withdrawn
from shopfloor.engine.line.train_records import TrainOutcome, TrainTask
from shopfloor.engine.line.train_task import train_model
from shopfloor.lake.locations import part_files
from shopfloor.monitoring.terms import source_of
from shopfloor.release import four_eyes, releasing
from shopfloor.release.data_trust import with_data_trust
from shopfloor.release.withdrawn_rows import held_without, is_released_again, over_withdrawn, release_again
from shopfloor.runtime.champion import champion_artifact
from shopfloor.runtime.context import Context
from shopfloor.runtime.inference import Origin, publish_losses, register_losses
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.serving.deploy import deploy
from shopfloor.store import datasets, models, runs
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.training.records import TrainSpec


class TrainHandler:
    """From the newest dataset version to a judged model version."""

    kind = JobKind.TRAIN
    worker_class = WorkerClass.HEAVY

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[TrainTask] | None:
        """Open (or reopen) the job's run and gather parts, seed and champion."""
        definition = context.definition(job.subject)
        if definition.retired:
            raise RefusedError(
                f"Model {definition.name} is retired.", hint="Set retired = false in its file.", code="retired"
            )
        run = context.store.write(lambda transaction: self._open_run(transaction, definition, job))
        return WorkerTask(
            train_model, context.store.read(lambda query: self._task(context, query, definition, job, run))
        )

    def _open_run(self, transaction: Transaction, definition: ModelDefinition, job: JobRecord) -> RunRecord:
        """A retried job goes on with its run, so that a kill leaves no second one."""
        version = datasets.current_version(transaction, definition.dataset)
        if version == 0:
            raise RefusedError(
                f"Dataset {definition.dataset} has no rows yet.", hint="Deliver a file first.", code="no_rows"
            )
        fields: dict[str, Any] = {
            "dataset": definition.dataset,
            "dataset_version": version,
            "state": RunState.RUNNING,
            "trigger": job.trigger,
            "seed": definition.training.seed,
            "started_at": transaction.now,
            "job": job.id,
            "error": None,
            "excluded": self._excluded(transaction, definition, version),
        }
        before = runs.of_job(transaction, job.id)
        if before is not None and before.state is not RunState.SUCCEEDED:
            run = msgspec.structs.replace(before, **fields)
            runs.put(transaction, run)
        else:
            run = runs.create(transaction, RunRecord(id="", model=definition.name, **fields))
            transaction.emit(
                "run.started",
                definition.name,
                f"Run {run.id} trains {definition.name} on {definition.dataset}@{version}",
                data={"run": run.id, "job": job.id},
            )
        return run

    def _excluded(self, query: Query, definition: ModelDefinition, number: int) -> tuple[str, ...]:
        version = datasets.version(query, definition.dataset, number)
        assert version is not None
        return delivery_trust.excluded_files(query, definition, version)

    def _task(
        self, context: Context, query: Query, definition: ModelDefinition, job: JobRecord, run: RunRecord
    ) -> TrainTask:
        assert run.dataset_version is not None
        version = datasets.version(query, definition.dataset, run.dataset_version)
        assert version is not None
        staging = context.layout.staging / f"train-{job.id}-{context.epoch}-{job.attempts}"
        shutil.rmtree(staging, ignore_errors=True)
        champion = champion_artifact(context, query, definition.name)
        settings = context.settings.engine
        return TrainTask(
            train=TrainSpec(
                run=run.id,
                # A file that a person wrote may spell the columns otherwise.
                definition=_released(four_eyes.in_force(query, definition), job).spelled(
                    ColumnNames(column.name for column in version.columns)
                ),
                dataset_version=version.version,
                parts=part_files(context.layout, delivery_trust.without(version.parts, run.excluded)),
                columns=version.columns,
                seed=definition.training.seed,
                workers=settings.workers or 2,
                backend=settings.backend,
                scheduler=settings.scheduler,
                workspace=str(context.layout.root),
                scratch=str(_scratch(context, job)),
            ),
            key_path=str(context.layout.signing_key),
            staging=str(staging),
            champion=champion,
            deliveries=datasets.deliveries(query, definition.dataset, version.version),
            arrived=datasets.arrivals(query, definition.dataset, version.version),
            fresh=_fresh(query, definition.dataset, version.version),
            earlier_tests=releasing.earlier_tests(query, definition.name, champion),
            value_source="" if definition.value is None else source_of(context, definition.value),
            now=context.clock.now(),
        )

    def publish(self, context: Context, job: JobRecord, value: Any) -> TrainOutcome:
        """Move the signed artifact to its place."""
        outcome = convert(value, TrainOutcome)
        if Path(outcome.staged).exists():
            bundle.publish(Path(outcome.staged), context.layout.objects)
        publish_losses(context, job.subject, outcome.losses)
        return outcome

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, published: TrainOutcome
    ) -> dict[str, Any]:
        """The run's end, the version and the decision, in one transaction."""
        outcome = published
        run = runs.of_job(transaction, job.id)
        assert run is not None
        known = models.version_of_artifact(transaction, job.subject, outcome.artifact.sha256)
        number = known or models.next_version(transaction, job.subject)
        run = self._close_run(transaction, run, outcome, number)
        state = models.state(transaction, job.subject)
        record = outcome.record
        models.put_state(
            transaction,
            msgspec.structs.replace(state, task=record.task.value, metric=record.metric, segments=len(record.segments)),
        )
        decision = self._decision(context, transaction, job, run, outcome)
        if known is not None:
            return self._again(context, transaction, run, models.version(transaction, job.subject, known), decision)
        version = ModelVersion(
            model=job.subject,
            version=number,
            run=run.id,
            dataset_version=run.dataset_version,
            artifact=outcome.artifact,
            decision=decision,
            score=record.metrics.get(record.metric),
            created_at=transaction.now,
        )
        holdout = {
            "digest": record.holdout_digest,
            "rows": record.holdout_rows,
            "from": record.holdout_from,
            "to": record.holdout_to,
        }
        models.put_version(transaction, version, trained_until=record.trained_until, holdout=holdout)
        losses = [msgspec.structs.replace(one, version=one.version or number) for one in outcome.losses]
        register_losses(context, transaction, job.subject, losses, Origin("holdout", job.id))
        lost = withdrawn.lost_meanwhile(transaction, version)
        if lost:
            decision = held_without(decision, sum(sum(rows.values()) for rows in lost.values()))
            version = msgspec.structs.replace(version, decision=decision)
            models.put_version(transaction, version)
        releasing.apply_decision(transaction, context.definition(job.subject), version, cause=run.id)
        withdrawn.mark_late(transaction, version, lost)
        return {"run": run.id, "version": number, "outcome": decision.outcome.value}

    def _decision(
        self, context: Context, transaction: Transaction, job: JobRecord, run: RunRecord, outcome: TrainOutcome
    ) -> Decision:
        """The gate's, with what is known by now of the rows that both sides learned from."""
        number = models.aliases(transaction, run.model).get("champion")
        champion = models.version(transaction, run.model, number) if number is not None else None
        policy = _released(four_eyes.in_force(transaction, context.definition(run.model)), job).release.policy
        decision = with_data_trust(
            over_withdrawn(outcome.decision, champion, policy), delivery_trust.doubts(transaction, run)
        )
        return msgspec.structs.replace(decision, decided_at=transaction.now)

    def _again(
        self, context: Context, transaction: Transaction, run: RunRecord, known: ModelVersion, decision: Decision
    ) -> dict[str, Any]:
        """The same artifact once more: what has not changed since is not released again."""
        number = models.aliases(transaction, run.model).get("champion")
        champion = models.version(transaction, run.model, number) if number is not None else None
        history = releasing.release_state(transaction, context.definition(run.model)).history
        released = is_released_again(known, champion, decision, history)
        transaction.emit(
            "run.unchanged",
            run.model,
            f"Run {run.id} gave the same artifact as {run.model}@{known.version}"
            + (", which is judged again" if released else ": there is nothing new to release"),
            data={"run": run.id, "version": known.version},
        )
        if known.withdrawn is not None:  # rows that are there give it, too
            known = msgspec.structs.replace(known, run=run.id, dataset_version=run.dataset_version, withdrawn=None)
            models.put_version(transaction, known)
            lost = withdrawn.lost_meanwhile(transaction, known)
            withdrawn.mark_late(transaction, known, lost)
            released = released and not lost
        result = {"run": run.id, "version": known.version, "unchanged": True}
        if not released:
            return result
        release_again(transaction, context.definition(run.model), known, decision, cause=run.id)
        return {**result, "outcome": decision.outcome.value}

    def _close_run(self, transaction: Transaction, run: RunRecord, outcome: TrainOutcome, number: int) -> RunRecord:
        record = outcome.record
        started = run.started_at or transaction.now
        run = msgspec.structs.replace(
            run,
            state=RunState.SUCCEEDED,
            params=record.params,
            metrics=record.metrics,
            candidates=record.candidates,
            segments=record.segments,
            chosen=record.chosen,
            duration_s=round((transaction.now - started).total_seconds(), 3),
            artifact=outcome.artifact,
            model_version=number,
            environment=record.environment,
            notes=(*record.notes, *delivery_trust.notes(transaction, run)),
            confusion=record.confusion,
            residuals=record.residuals,
        )
        runs.put(transaction, run, metric=record.metric)
        score = record.metrics.get(record.metric)
        shown = "" if score is None else f", {record.metric} {figure(score)}"
        transaction.emit(
            "run.finished",
            run.model,
            f"Run {run.id} of {run.model} chose {record.chosen}{shown}",
            data={"run": run.id, "version": number},
        )
        return run

    def report(self, context: Context, job: JobRecord, published: TrainOutcome) -> Iterator[str]:
        """Rows, candidates, the choice, the gate."""
        run = context.store.read(lambda query: runs.of_job(query, job.id))
        if run is None or run.model_version is None:
            return iter(())
        version = context.store.read(lambda query: models.version(query, job.subject, run.model_version or 0))
        return train_lines.lines(published, run.notes, version.decision or published.decision)

    def settle(self, context: Context, job: JobRecord, published: TrainOutcome) -> None:
        """Tell the serving process; clean the staging folder."""
        deploy(context, job.subject)
        shutil.rmtree(published.staged, ignore_errors=True)
        shutil.rmtree(_scratch(context, job), ignore_errors=True)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """The run ends as the job does."""
        shutil.rmtree(context.layout.staging / f"scratch-{job.id}", ignore_errors=True)
        run = runs.of_job(transaction, job.id)
        if run is None or not runs.is_open(run):
            return
        state = RunState(job.state)
        runs.put(transaction, msgspec.structs.replace(run, state=state, error=f"{error.message} {error.hint}".strip()))
        transaction.emit(
            "run.failed", run.model, f"Run {run.id} of {run.model} {state}: {error.message}", data={"run": run.id}
        )


def _released(definition: ModelDefinition, job: JobRecord) -> ModelDefinition:
    """What is trained for a person to promote is not released by itself, whatever the policy."""
    if job.payload.get("action") != RetrainAction.TRAIN:
        return definition
    release = msgspec.structs.replace(definition.release, policy=ReleasePolicy.MANUAL)
    return msgspec.structs.replace(definition, release=release)


def _fresh(query: Query, dataset: str, version: int) -> tuple[FreshRows, ...]:
    """Where rows are only added, a part says by itself who brought it."""
    known = datasets.get(query, dataset)
    return () if known is None or known.mode == Mode.APPEND else datasets.fresh_rows(query, dataset, version)


def _scratch(context: Context, job: JobRecord) -> Path:
    """Where finished members of a family outlive a worker that dies, so that a retry fits only what is missing."""
    scratch = context.layout.staging / f"scratch-{job.id}"
    scratch.mkdir(mode=0o700, exist_ok=True)
    return scratch
