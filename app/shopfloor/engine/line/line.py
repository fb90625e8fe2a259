"""Which fact queues which job, in the transaction of the fact."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import singledispatchmethod

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.job import CauseKind, JobCause, JobKind, JobRecord
from shopfloor.domain.retraining import RetrainTrigger
from shopfloor.engine.line import delivery_trust, log_looks, withdrawn
from shopfloor.engine.line.retraining import Occasion, consider, consider_alert
from shopfloor.intake.derived import staleness
from shopfloor.monitoring import freshness
from shopfloor.runtime.context import Context
from shopfloor.runtime.line import (
    ActualsArrived,
    AlertOpened,
    ChampionChanged,
    DefinitionMended,
    DeliveryTrusted,
    Fact,
    PredictionsLogged,
    VersionCommitted,
)
from shopfloor.store import datasets, jobs, learned, models, runs
from shopfloor.store.transaction import Transaction

_MONITOR_PRIORITY = 0
_DELIVERY_PRIORITY = 20


class ProductionLine:
    """From delivery to check and training, from predictions and actuals to check, from alert to training."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def after(self, transaction: Transaction, fact: Fact) -> None:
        """Queue what follows from `fact`."""
        self._follow(fact, transaction)

    def holds_back(self, transaction: Transaction) -> Callable[[JobRecord], bool]:
        """A training waits for the verdict of the deliveries that it would learn."""
        return delivery_trust.holds_back(self._context, transaction)

    @singledispatchmethod
    def _follow(self, fact: Fact, transaction: Transaction) -> None:
        raise TypeError(f"nobody knows what follows from {fact!r}")

    @_follow.register
    def _(self, fact: VersionCommitted, transaction: Transaction) -> None:
        """It is fresh again; run the queries that read it, check each model's champion against it, then learn from it.

        One that a rollback brought back is learned from whatever its rows number, unless the model has learned
        from just this content: people roll back because later data was wrong. A champion that learned from rows
        which left is replaced by what learns without them, however few they are.
        """
        version = fact.version
        freshness.resolve(transaction, version.dataset)
        staleness.follow(self._context, transaction, _of_version(version))
        definitions = self._context.models_of(version.dataset)
        marked = withdrawn.follow(transaction, version, definitions)
        checked = [one.name for one in definitions if self._check_rows(transaction, one, version, marked)]
        for definition in definitions:
            self._learn_rows(transaction, definition, version, marked)
        delivery_trust.await_verdict(transaction, version, checked)

    @_follow.register
    def _(self, fact: DefinitionMended, transaction: Transaction) -> None:
        """What was delivered while nobody knew that there is a model is checked, and learned from, now."""
        definition = self._definition(fact.model)
        if definition is None or definition.retired:
            return
        learned_until = runs.last_trained_version(transaction, definition.name)
        found = datasets.made_since(transaction, definition.dataset, fact.since)
        missed = [version for version in found if version.version > learned_until]
        for version in missed:
            if self._check_rows(transaction, definition, version, ()):
                delivery_trust.await_verdict(transaction, version, [definition.name])
        if missed:
            self._learn_rows(transaction, definition, missed[-1], learned.withdrawn_champions(transaction))

    def _check_rows(
        self, transaction: Transaction, definition: ModelDefinition, version: DatasetVersion, marked: Container[str]
    ) -> bool:
        """Whether a check of a delivery by the model's champion is queued; `marked` are models whose champion is."""
        judge = _judge_of_rows(transaction, definition.name, marked)
        if judge is None or not _is_watched(definition) or not _brings_rows(version):
            return False
        cause = _of_version(version)
        check(transaction, definition.name, judge, version, trigger=_ref(version), cause=cause)
        return True

    def _learn_rows(
        self, transaction: Transaction, definition: ModelDefinition, version: DatasetVersion, marked: Container[str]
    ) -> None:
        corrects = version.changed_rows > 0 and (version.added_rows <= 0 or not definition.retrain.on_data)
        occasion = Occasion(
            RetrainTrigger.CORRECTION if corrects else RetrainTrigger.DATA,
            _ref(version),
            _of_version(version),
            restored=version if version.restored is not None else None,
            news="its champion learned from rows that left" if definition.name in marked else "",
        )
        consider(transaction, self._context.layout, definition, occasion)

    @_follow.register
    def _(self, fact: DeliveryTrusted, transaction: Transaction) -> None:
        """Learn from the rows that were left out, or judge again what learned from them."""
        cause = JobCause(kind=CauseKind.DATASET_VERSION, name=fact.dataset, number=fact.version)
        occasion = Occasion(RetrainTrigger.DATA, fact.trigger, cause, news="rows that were left out are trusted")
        for definition in self._context.models_of(fact.dataset):
            if definition.retrain.on_data or delivery_trust.concerns(
                transaction, definition.name, fact.dataset, fact.version
            ):
                consider(transaction, self._context.layout, definition, occasion)

    @_follow.register
    def _(self, fact: PredictionsLogged, transaction: Transaction) -> None:
        """Check the champion's inputs and answers; predictions of other versions are only kept."""
        definition = self._definition(fact.model)
        champion = models.aliases(transaction, fact.model).get("champion")
        if fact.live and log_looks.has_just_looked(
            self._context, transaction, fact.model, fact.version, transaction.now
        ):
            return
        if definition is not None and definition.monitoring.drift and champion == fact.version:
            check(transaction, fact.model, fact.version, None, trigger=fact.trigger, cause=_of_job(fact.job))

    @_follow.register
    def _(self, fact: ActualsArrived, transaction: Transaction) -> None:
        """Check the champion's performance, and what it was worth."""
        definition = self._definition(fact.model)
        champion = models.aliases(transaction, fact.model).get("champion")
        if definition is not None and _is_measured(definition) and champion is not None:
            check(transaction, fact.model, champion, None, trigger=fact.trigger, cause=_of_job(fact.job))

    @_follow.register
    def _(self, fact: ChampionChanged, transaction: Transaction) -> None:
        """What is known of the new champion's own predictions counts from now on."""
        definition = self._definition(fact.model)
        if definition is not None and _is_measured(definition):
            cause = JobCause(kind=CauseKind.MODEL_VERSION, name=fact.model, number=fact.version)
            check(transaction, fact.model, fact.version, None, trigger=fact.trigger, cause=cause)

    @_follow.register
    def _(self, fact: AlertOpened, transaction: Transaction) -> None:
        """It may start a training."""
        consider_alert(transaction, self._context.layout, fact.definition, fact.alert)

    def _definition(self, model: str) -> ModelDefinition | None:
        """None when the model's file is gone; its log stays."""
        try:
            return self._context.definition(model)
        except ShopfloorError:
            return None


def _ref(version: DatasetVersion) -> str:
    return f"{version.dataset}@{version.version}"


def _of_version(version: DatasetVersion) -> JobCause:
    return JobCause(kind=CauseKind.DATASET_VERSION, name=version.dataset, number=version.version)


def _judge_of_rows(transaction: Transaction, model: str, withdrawn_champions: Container[str]) -> int | None:
    """The version that a delivery is compared with: the champion. Where that learned from rows which have just left
    it is the one before, since beside wrong rows the right ones look wrong.
    """
    held = models.aliases(transaction, model)
    before = held.get("previous") if model in withdrawn_champions else None
    return held.get("champion") if before is None else before


def _is_watched(definition: ModelDefinition) -> bool:
    """A delivery shows drift, how the model does on its labelled rows, and with the id the actuals of predictions."""
    monitored = definition.monitoring.drift or definition.monitoring.performance
    return monitored or (definition.value is not None and definition.id is not None)


def _brings_rows(version: DatasetVersion) -> bool:
    """New rows, or other values of earlier ones; not where rows only left."""
    return version.added_rows > 0 or version.changed_rows > 0


def _is_measured(definition: ModelDefinition) -> bool:
    """Actuals say how it performs, or what it is worth."""
    return definition.monitoring.performance or definition.value is not None


def _of_job(id: str) -> JobCause:
    return JobCause(kind=CauseKind.JOB, name=id)


def check(
    transaction: Transaction,
    model: str,
    champion: int,
    version: DatasetVersion | None,
    *,
    trigger: str,
    cause: JobCause,
) -> JobRecord:
    """Queue a check of the champion that served when a dataset's `version` arrived; without one, of its own logged
    inputs, predictions and actuals. Of a delivery it comes before every training: those wait for its verdict.
    """
    number = version.version if version is not None else None
    delivery = {"dataset": version.dataset} if version is not None else {}
    return jobs.enqueue(
        transaction,
        JobKind.MONITOR,
        model,
        payload={"model_version": champion, "dataset_version": number, **delivery},
        trigger=trigger,
        causes=[cause],
        unique_key=f"monitor:{model}:{champion}:{number}" if number else log_looks.key(model, champion),
        priority=_MONITOR_PRIORITY if version is None else _DELIVERY_PRIORITY,
    )
