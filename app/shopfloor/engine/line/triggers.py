"""What follows from what: jobs queued in the transaction of the fact that causes them."""

from __future__ import annotations

from datetime import timedelta

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.monitor import AlertRecord
from shopfloor.monitoring import freshness
from shopfloor.runtime.context import Context
from shopfloor.store import datasets, jobs, models, runs
from shopfloor.store.transaction import Transaction

_TRAIN_PRIORITY = 10
_MONITOR_PRIORITY = 0


def after_version(
    context: Context, transaction: Transaction, version: DatasetVersion, *, restored: bool = False
) -> None:
    """A new dataset version: it is fresh again; check each model's champion against it, then learn from it.

    A `restored` one is learned from whatever its rows number, unless the model has learned from just
    this content: people go back because what came since was wrong.
    """
    freshness.resolve(transaction, version.dataset)
    for definition in context.models_of(version.dataset):
        champion = models.aliases(transaction, definition.name).get("champion")
        if champion is not None and _worth_a_look(definition) and version.added_rows > 0:
            check(transaction, definition, champion, version.version, trigger=f"{version.dataset}@{version.version}")
        if definition.retrain.on_data and _worth_learning(transaction, definition, version, restored):
            train(transaction, definition, version.version, trigger=f"{version.dataset}@{version.version}")


def _worth_a_look(definition: ModelDefinition) -> bool:
    """A delivery tells of drift, and with the id what came true of predictions."""
    watched = definition.monitoring
    return watched.drift or (watched.performance and definition.id is not None)


def _worth_learning(
    transaction: Transaction, definition: ModelDefinition, version: DatasetVersion, restored: bool
) -> bool:
    trained = runs.last_trained_version(transaction, definition.name)
    if restored:
        return datasets.digest(transaction, definition.dataset, trained) != version.digest
    return datasets.new_rows_since(transaction, definition.dataset, trained) >= definition.retrain.min_new_rows


def train(transaction: Transaction, definition: ModelDefinition, version: int, *, trigger: str) -> JobRecord:
    """Queue a training; one that waits already takes the newer data along."""
    return jobs.enqueue(
        transaction,
        JobKind.TRAIN,
        definition.name,
        payload={"dataset_version": version},
        trigger=trigger,
        unique_key=f"train:{definition.name}",
        priority=_TRAIN_PRIORITY,
    )


def check(
    transaction: Transaction, definition: ModelDefinition, champion: int, version: int, *, trigger: str
) -> JobRecord:
    """Queue a check of the champion that served when the data came."""
    return jobs.enqueue(
        transaction,
        JobKind.MONITOR,
        definition.name,
        payload={"model_version": champion, "dataset_version": version},
        trigger=trigger,
        unique_key=f"monitor:{definition.name}:{champion}:{version}",
        priority=_MONITOR_PRIORITY,
    )


def after_alert(
    context: Context, transaction: Transaction, definition: ModelDefinition, alert: AlertRecord
) -> JobRecord | None:
    """An alert may start a retraining, unless one ran within the cooldown: new data is needed to learn anything new."""
    if not definition.retrain.on_alert or definition.retired:
        return None
    last = jobs.last_ended(transaction, JobKind.TRAIN, definition.name)
    cooldown = timedelta(minutes=definition.retrain.cooldown_minutes)
    if last is not None and last.finished_at is not None and transaction.now - last.finished_at < cooldown:
        return None
    newest = datasets.current_version(transaction, definition.dataset)
    if newest <= runs.last_trained_version(transaction, definition.name):
        return None
    return train(transaction, definition, newest, trigger=f"alert {alert.id}")


def after_predictions(
    transaction: Transaction, definition: ModelDefinition, model_version: int, *, trigger: str
) -> JobRecord:
    """Fresh predictions: check what was asked of the model and what it answered."""
    return jobs.enqueue(
        transaction,
        JobKind.MONITOR,
        definition.name,
        payload={"model_version": model_version, "dataset_version": None},
        trigger=trigger,
        unique_key=f"monitor:{definition.name}:{model_version}:log",
        priority=_MONITOR_PRIORITY,
    )
