"""Many models at once: which of their shifts may raise an alert.

Each look at a model is one test of the whole fleet. Among the models that raise an alert, those where nothing happened
are at most `RATE` on average over `DAYS`: their levels are those of LORD++ (`statistics/online_discovery`), which start
anew after that time. The p-value of a look holds whatever the dependence between a model's checks. Assumed is that one
model's data says nothing about how the next one's falls out by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from shopfloor.domain.monitor import CheckResult, CheckVerdict, FleetLook
from shopfloor.monitoring.check_history import key_of
from shopfloor.statistics.online_discovery import level
from shopfloor.store import fleet
from shopfloor.store.transaction import Transaction

RATE = 0.05
DAYS = 30
FROM_MODELS = 20
"""Of fewer models each has the whole of its error for itself."""
_NAMED = 20
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def p_value(results: Sequence[CheckResult]) -> float:
    """How likely so clear a shift is where nothing happened; 1 where none was found, 0 where one needs no test.

    The p-values of each check and source are corrected for their number already (Benjamini–Hochberg), so the smallest
    is Simes' test of all of them; times their harmonic sum it holds under any dependence (Hommel 1983), times the
    number of checks and sources (Bonferroni) for the model.
    """
    shifted = [result for result in results if result.verdict is CheckVerdict.SHIFTED]
    if not shifted:
        return 1.0
    tested = [result for result in results if result.p_value is not None]
    smallest = min(result.p_value or 0.0 for result in shifted)
    families = len({key_of(result)[::2] for result in tested})
    return min(smallest * families * sum(1 / rank for rank in range(1, len(tested) + 1)), 1.0)


def look(transaction: Transaction, model: str, results: Sequence[CheckResult], now: datetime) -> tuple[FleetLook, int]:
    """Keep this look at a model as the fleet's next test; with the number of models that were looked at lately."""
    period = _start_of_period(now)
    before = fleet.since(transaction, period)
    found = p_value(results)
    allowed = level(before.looks + 1, before.found, RATE)
    shifted = [result.feature or result.check for result in results if result.verdict is CheckVerdict.SHIFTED]
    made = FleetLook(
        model=model, at=now, p_value=found, level=allowed, found=found <= allowed, shifted=tuple(shifted[:_NAMED])
    )
    fleet.add(transaction, made, keep=timedelta(days=2 * DAYS))
    return made, fleet.models_since(transaction, now - timedelta(days=DAYS))


def holds_back(look: FleetLook, models: int) -> bool:
    """True when so many models are looked at that this shift is to be expected among them by chance."""
    return models >= FROM_MODELS and not look.found


def _start_of_period(now: datetime) -> datetime:
    return _ZERO + (now - _ZERO) // timedelta(days=DAYS) * timedelta(days=DAYS)
