"""Answers that are computed on demand: realised value, back-tests of the drift rule."""

from __future__ import annotations

from shopfloor.domain.codec import convert
from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.numbers import exact
from shopfloor.domain.requests.alerts import BacktestReport, MonitorBacktest
from shopfloor.domain.requests.models import ModelCost, ModelThreshold, ValueShow, ValueThresholds
from shopfloor.domain.text import safe
from shopfloor.domain.value import CostEntry, ThresholdChange, ThresholdReport, ValueReport
from shopfloor.engine.services import EngineServices
from shopfloor.monitoring import preparing
from shopfloor.monitoring.tasks import replay, report_thresholds, report_value
from shopfloor.monitoring.terms import note_terms
from shopfloor.runtime.task import WorkerTask
from shopfloor.serving.deploy import deploy
from shopfloor.statistics import metrics
from shopfloor.store import models, thresholds
from shopfloor.store import value as value_store
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.definitions import with_monitoring


def value(services: EngineServices, request: ValueShow) -> ValueReport:
    """The business value of a model's predictions whose actuals are known."""
    definition = services.context.definition(request.model)
    note_terms(services.context, definition)
    spec = services.context.store.read(
        lambda query: preparing.value_spec(services.context, query, definition, request.by, paired=True)
    )
    return convert(services.pool.adhoc.ask(WorkerTask(report_value, spec)), ValueReport)


def cost(services: EngineServices, request: ModelCost) -> CostEntry:
    """Enter what was spent on a model."""
    definition = services.context.definition(request.name)

    def change(transaction: Transaction) -> CostEntry:
        entry = CostEntry(
            id="",
            model=definition.name,
            kind=request.kind,
            amount=request.amount,
            note=safe(request.note, 200),
            spent_at=request.spent_at or transaction.now,
            actor=request.actor,
        )
        return value_store.enter(transaction, entry, definition.value.unit if definition.value is not None else "")

    return services.mutate(request, change)


def curve(services: EngineServices, request: ValueThresholds) -> ThresholdReport:
    """The value of decisions at other thresholds."""
    definition = services.context.definition(request.model)
    note_terms(services.context, definition)
    spec = services.context.store.read(lambda query: preparing.value_spec(services.context, query, definition))
    return convert(services.pool.adhoc.ask(WorkerTask(report_thresholds, spec)), ThresholdReport)


def threshold(services: EngineServices, request: ModelThreshold) -> ThresholdChange:
    """The champion decides by another threshold."""
    definition = services.context.definition(request.name)
    if not 0 <= request.threshold <= 1:
        raise UsageError("A threshold is a probability between 0 and 1.", code="bad_value")

    def change(transaction: Transaction) -> ThresholdChange:
        champion = models.aliases(transaction, definition.name).get("champion")
        if champion is None:
            raise _no_champion(definition.name)
        before = thresholds.of_version(transaction, definition.name, champion)
        done = ThresholdChange(model=definition.name, version=champion, previous=before, threshold=request.threshold)
        if before == request.threshold:
            return done
        thresholds.put(transaction, definition.name, champion, request.threshold)
        about = f": {safe(request.reason, 300)}" if request.reason else ""
        transaction.emit(
            "model.threshold",
            definition.name,
            f"{definition.name}@{champion} decides by threshold {exact(request.threshold)}{about}",
            actor=request.actor,
            data={"version": champion, "threshold": request.threshold, "previous": before},
        )
        return done

    done = services.mutate(request, change)
    deploy(services.context, definition.name)
    return done


def _no_champion(model: str) -> RefusedError:
    return RefusedError(
        f"Model {model} has no champion yet.",
        hint=f"Train it: shopfloor model train {model}",
        code="no_champion",
    )


def backtest(services: EngineServices, request: MonitorBacktest) -> BacktestReport:
    """How often the rule, and another one beside it, would have fired over the deliveries so far."""
    definition = services.context.definition(request.model)
    other = with_monitoring(definition, request.settings, metrics.find) if request.settings else None
    spec = services.context.store.read(
        lambda query: preparing.backtest_spec(services.context, query, definition, other)
    )
    if spec is None:
        raise _no_champion(definition.name)
    return convert(services.pool.adhoc.ask(WorkerTask(replay, spec)), BacktestReport)
