"""Answers that are computed on demand: realised value, back-tests of the drift rule."""

from __future__ import annotations

from shopfloor.domain.codec import convert
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.monitor import ValueReport
from shopfloor.domain.requests.alerts import BacktestReport, MonitorBacktest
from shopfloor.domain.requests.models import ValueShow
from shopfloor.engine.services import EngineServices
from shopfloor.monitoring import preparing
from shopfloor.monitoring.tasks import replay, report_value
from shopfloor.runtime.task import WorkerTask
from shopfloor.statistics import metrics
from shopfloor.workspace.definitions import with_monitoring


def value(services: EngineServices, request: ValueShow) -> ValueReport:
    """The business value of a model's predictions whose actuals are known."""
    definition = services.context.definition(request.model)
    spec = services.context.store.read(lambda query: preparing.value_spec(services.context, query, definition))
    return convert(services.pool.adhoc.ask(WorkerTask(report_value, spec)), ValueReport)


def backtest(services: EngineServices, request: MonitorBacktest) -> BacktestReport:
    """How often the rule, and another one beside it, would have fired over the deliveries so far."""
    definition = services.context.definition(request.model)
    other = with_monitoring(definition, request.settings, metrics.find) if request.settings else None
    spec = services.context.store.read(
        lambda query: preparing.backtest_spec(services.context, query, definition, other)
    )
    if spec is None:
        raise RefusedError(
            f"Model {definition.name} has no champion to check against.",
            hint=f"Train it: shopfloor model train {definition.name}",
            code="no_champion",
        )
    return convert(services.pool.adhoc.ask(WorkerTask(replay, spec)), BacktestReport)
