"""Replay the drift rule over past deliveries, in a worker."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.domain.requests.alerts import BacktestReport
from shopfloor.monitoring.backtest import backtest
from shopfloor.monitoring.records import BacktestSpec

SPEC = BacktestSpec


def run(spec: BacktestSpec, progress: Callable[[float, str], None]) -> BacktestReport:
    """How often the rule would have fired."""
    return backtest(spec, progress)
