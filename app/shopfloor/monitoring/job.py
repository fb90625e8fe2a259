"""Monitoring jobs: checks, what they change about alerts, and what an alert sets off."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.codec import convert
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.handles import PartFile
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.monitor import AlertRecord, CheckResult
from shopfloor.domain.numbers import chance, figure
from shopfloor.domain.text import counted
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.domain.wire import WireError
from shopfloor.monitoring import fleet, job_lines, preparing, tasks
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.causes import members_of
from shopfloor.monitoring.check_history import CheckKey, key_of
from shopfloor.monitoring.delivery_verdict import judged
from shopfloor.monitoring.records import AlertChanges, CheckReport
from shopfloor.monitoring.tasks import CheckOutcome, CheckTask
from shopfloor.runtime.context import Context
from shopfloor.runtime.inference import DELIVERY, Origin, publish, publish_losses, register, register_losses
from shopfloor.runtime.line import AlertOpened, DeliveryTrusted
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store import alerts, datasets, models, trust
from shopfloor.store.inference import LogKind
from shopfloor.store.transaction import Transaction


class MonitorHandler:
    """The checks of one model version."""

    kind = JobKind.MONITOR
    worker_class = WorkerClass.HEAVY

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[CheckTask] | None:
        """Nothing to do for a model without a champion."""
        definition = context.definition(job.subject)
        version = job.payload.get("model_version")
        if version is None:
            context.store.write(lambda transaction: self._judge(context, transaction, job, (), ()))
            return None
        delivery, staging = job.payload.get("dataset_version"), _staging(context, job)
        checks = context.store.read(
            lambda query: preparing.check_task(context, query, definition, version, delivery, staging)
        )
        if checks is None:
            # It has nothing to compare with: that says nothing against the delivery.
            context.store.write(lambda transaction: self._judge(context, transaction, job, (), ()))
            return None
        return WorkerTask(tasks.check, checks)

    def publish(self, context: Context, job: JobRecord, value: Any) -> CheckOutcome:
        """Truth that arrived with the delivery and losses of its rows are named by their content; all else is rows
        only.
        """
        outcome = convert(value, CheckOutcome)
        if outcome.truth is not None:
            publish(context, job.subject, LogKind.ACTUALS, outcome.truth)
        publish_losses(context, job.subject, outcome.losses)
        return outcome

    def commit(
        self, context: Context, transaction: Transaction, job: JobRecord, outcome: CheckOutcome
    ) -> dict[str, Any]:
        """Checks, alerts, truth that arrived with the delivery, and a retraining, in one transaction."""
        published = outcome.report
        definition = context.definition(job.subject)
        self._note_truth(context, transaction, job, outcome.truth)
        register_losses(context, transaction, job.subject, outcome.losses, Origin(DELIVERY, job.id))
        history = preparing.known_history(transaction, definition)
        alerts.add_checks(transaction, published.results)
        before = alerts.unresolved(transaction, job.subject)
        delivery = self._delivery(transaction, definition.dataset, job)
        changes = fold(before, published.results, history, definition, transaction.now, delivery)
        told = {key for alert in before for key in members_of(alert)}
        opened = self._fold(context, transaction, definition, self._confirmed(transaction, published, told, changes))
        touched = [alert.id for alert in (*opened, *changes.updated)]
        if self._judge(context, transaction, job, published.results, touched) is not Trust.BROKEN:
            self._note_live(transaction, published)
        shifted = [result.feature or result.check for result in published.results if result.verdict == "shifted"]
        return {
            "checks": len(published.results),
            "shifted": shifted[:20],
            "opened": [alert.id for alert in opened],
            "rows": published.rows,
            "notes": list(published.notes),
        }

    def _delivery(self, transaction: Transaction, dataset: str, job: JobRecord) -> dict[str, Any] | None:
        """The delivery that was checked; None for stored predictions alone."""
        number = job.payload.get("dataset_version")
        version = datasets.version(transaction, dataset, number) if number is not None else None
        return None if version is None else {"dataset": dataset, "version": number, "files": list(version.files)}

    def _confirmed(
        self, transaction: Transaction, published: CheckReport, told: Collection[CheckKey], changes: AlertChanges
    ) -> AlertChanges:
        """Without what so large a fleet brings by chance; that is told, and the model's next look tests it again."""
        model, results, opens = published.model, published.results, bool(changes.opened)
        test, models = fleet.look(transaction, model, results, told, transaction.now, opens=opens)
        if not opens or not fleet.holds_back(test, models):
            return changes
        shifted = fleet.shifted_in([result for result in results if key_of(result) not in told])
        transaction.emit(
            "monitor.held_back",
            model,
            f"{model} has shifted ({', '.join(shifted)}), but among {models} models so clear a shift is "
            f"to be expected by chance (p {chance(test.p_value)}, at most {chance(test.level)} here): no alert",
            data={"p_value": test.p_value, "level": test.level, "models": models, "shifted": list(shifted)},
        )
        return msgspec.structs.replace(changes, opened=())

    def _fold(
        self, context: Context, transaction: Transaction, definition: ModelDefinition, changes: AlertChanges
    ) -> list[AlertRecord]:
        opened = []
        for alert in changes.opened:
            alert = alerts.create(transaction, alert)
            opened.append(alert)
            alerts.emit(transaction, "opened", alert)
            context.line.after(transaction, AlertOpened(definition, alert))
        for alert in changes.updated:
            alerts.update(transaction, alert)
        for alert in changes.resolved:
            alerts.put(transaction, alert)
            alerts.emit(transaction, "resolved", alert)
        return opened

    def _judge(
        self,
        context: Context,
        transaction: Transaction,
        job: JobRecord,
        results: Sequence[CheckResult],
        alerts: Sequence[str],
    ) -> Trust | None:
        """What the checks say of the delivery that they were about, in the transaction of their results."""
        dataset, number = context.definition(job.subject).dataset, job.payload.get("dataset_version")
        before = trust.get(transaction, dataset, number) if number is not None else None
        if before is None:
            return None
        verdict = judged(before, job.subject, results, alerts, transaction.now)
        trust.put(transaction, verdict)
        if verdict.trust is not before.trust and {verdict.trust, before.trust} != {Trust.UNKNOWN, Trust.TRUSTED}:
            what = f"{verdict.ref} is {verdict.trust}: {verdict.why}"
            if verdict.trust is not Trust.TRUSTED:
                what += f" Decide: shopfloor dataset trust {verdict.ref}, or shopfloor file withdraw ID"
            kind = "dataset.trusted" if verdict.trust is Trust.TRUSTED else "dataset.in_doubt"
            data = {"version": verdict.version, "trust": verdict.trust.value, "job": job.id}
            transaction.emit(kind, dataset, what, data=data)
        if before.trust is Trust.UNKNOWN and verdict.trust is Trust.TRUSTED:
            self._release_late(context, transaction, verdict)
        return verdict.trust

    def _release_late(self, context: Context, transaction: Transaction, verdict: DeliveryTrust) -> None:
        """A version that was trained before the verdict may be waiting for it."""
        for definition in context.models_of(verdict.dataset):
            waiting = models.state(transaction, definition.name).awaiting
            learned = models.version(transaction, definition.name, waiting).dataset_version if waiting else None
            if learned is not None and learned >= verdict.version:
                trigger = f"{verdict.ref} is trusted by its checks"
                context.line.after(transaction, DeliveryTrusted(verdict.dataset, verdict.version, trigger))
                return

    def _note_live(self, transaction: Transaction, published: CheckReport) -> None:
        """What the model was worth, the champion's score on the outcomes known by now, and how many those are.

        Too few to score are kept as a number without a score: nothing would read as if no truth had arrived.
        """
        state = models.state(transaction, published.model)
        if published.value is not None:
            state = msgspec.structs.replace(state, value=published.value)
            models.put_state(transaction, state)
        if not published.live_rows:
            return
        if models.aliases(transaction, published.model).get("champion") != published.model_version:
            return
        measured = {name: getattr(published, name) for name in ("live_score", "live_rows", "live_known", "live_of")}
        models.put_state(transaction, msgspec.structs.replace(state, **measured))
        if published.live_score is None:
            return
        verdict = published.live_verdict
        transaction.emit(
            "model.measured",
            published.model,
            f"{published.model}@{published.model_version} scores {figure(published.live_score)} "
            f"on {counted(published.live_rows, published.live_on)} with truth" + (f" ({verdict})" if verdict else ""),
            data={"score": published.live_score, "rows": published.live_rows, "verdict": verdict},
        )

    def _note_truth(self, context: Context, transaction: Transaction, job: JobRecord, truth: PartFile | None) -> None:
        """What the delivery says of predictions is kept, for later checks and for the value."""
        if truth is None:
            return
        if register(context, transaction, job.subject, LogKind.ACTUALS, truth, Origin(DELIVERY, job.id)):
            transaction.emit(
                "actuals.delivered",
                job.subject,
                f"{counted(truth.rows, 'outcome')} of {job.subject}'s predictions arrived with {job.trigger}",
                data={"rows": truth.rows, "job": job.id},
            )

    def report(self, context: Context, job: JobRecord, published: CheckOutcome) -> Iterator[str]:
        """The checks and their results."""
        return job_lines.lines(published)

    def settle(self, context: Context, job: JobRecord, published: CheckOutcome) -> None:
        """Nothing of the look stays behind."""
        shutil.rmtree(_staging(context, job), ignore_errors=True)

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """A check that could not be made is a fact of its own: silence must not look like health. What a delivery that
        nobody has checked taught waits for a person.
        """
        number = job.payload.get("dataset_version")
        dataset = job.payload.get("dataset") or ""
        verdict = trust.get(transaction, dataset, number) if number is not None else None
        todo = ""
        if verdict is not None and verdict.trust is Trust.UNKNOWN:
            again = f"shopfloor monitor run {job.subject}"
            todo = f" Check {verdict.ref} again: {again}, or shopfloor dataset trust {verdict.ref}"
        transaction.emit(
            "monitor.failed",
            job.subject,
            f"{job.subject} could not be checked: {error.message}{todo}",
            data={"job": job.id},
        )


def _staging(context: Context, job: JobRecord) -> Path:
    return context.layout.staging / f"monitor-{job.id}"
