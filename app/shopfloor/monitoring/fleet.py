"""Many models at once: which of their shifts may raise an alert.

Each look at a model that may open an alert is one test of the whole fleet, of what no open alert is about. Among the
alerts that open, those where nothing happened
are at most `RATE` on average over `DAYS`: the levels are those of LORD++ (`statistics/online_discovery`), which start
anew after that time, and an alert that opens is one discovery, however often it is seen again. The p-value of a look
holds whatever the dependence between a model's checks. Assumed is that one
model's data says nothing about how the next one's falls out by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shopfloor.domain.monitor import CheckResult, CheckVerdict, FleetLook
from shopfloor.monitoring.check_history import CheckKey, key_of
from shopfloor.statistics.online_discovery import level
from shopfloor.store import fleet
from shopfloor.store.fleet import LooksSoFar
from shopfloor.store.transaction import Transaction

RATE = 0.05
DAYS = 30
FROM_MODELS = 20
"""Of fewer models each has the whole of its error for itself."""
_NAMED = 20
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


class FleetTest(NamedTuple):
    """A look at a model as a test: the p-value of what no open alert is about, and the level that it must not exceed.

    `tested` is False where nothing could be told that open alerts do not tell; `discovered` means that an alert opens.
    """

    p_value: float
    level: float
    tested: bool
    discovered: bool


def p_value(results: Sequence[CheckResult], told: Collection[CheckKey] = ()) -> float:
    """How likely so clear a shift is where nothing happened; 1 where none was found, 0 where one needs no test.

    The p-values of each check and source are corrected for their number already (Benjamini–Hochberg), so the smallest
    is Simes' test of all of them; times their harmonic sum it holds under any dependence (Hommel 1983), times the
    number of checks and sources (Bonferroni) for the model. Without the results that open alerts have `told`, which may
    have made those of others up to so many times smaller. Never more than the number of tests (Bonferroni).
    """
    tested = [result for result in results if result.p_value is not None and key_of(result) not in told]
    shifted = [one for one in results if one.verdict is CheckVerdict.SHIFTED and key_of(one) not in told]
    if not shifted:
        return 1.0
    smallest = min(result.p_value or 0.0 for result in shifted)
    families = len({key_of(result)[::2] for result in tested})
    gone = sum(1 for result in results if result.p_value is not None) - len(tested)
    factor = families * sum(1 / rank for rank in range(1, len(tested) + 1)) * (1 + gone)
    return min(smallest * min(factor, len(tested)), 1.0)


def test(before: LooksSoFar, results: Sequence[CheckResult], told: Collection[CheckKey], *, opens: bool) -> FleetTest:
    """The fleet's next test. `opens`: the model's own rule would open an alert."""
    tested = any(one.verdict is not CheckVerdict.UNKNOWN and key_of(one) not in told for one in results)
    found, allowed = p_value(results, told), level(before.looks + 1, before.found, RATE)
    return FleetTest(found, allowed, tested, discovered=tested and opens and found <= allowed)


def look(
    transaction: Transaction,
    model: str,
    results: Sequence[CheckResult],
    told: Collection[CheckKey],
    now: datetime,
    *,
    opens: bool,
) -> tuple[FleetTest, int]:
    """Keep this look at a model as the fleet's next test; with the number of models that were looked at lately."""
    made = test(fleet.since(transaction, _start_of_period(now)), results, told, opens=opens)
    found = p_value(results)
    kept = FleetLook(
        model=model, at=now, p_value=found, level=made.level, found=found <= made.level, shifted=shifted_in(results)
    )
    fleet.add(transaction, kept, tested=made.tested, discovered=made.discovered, keep=timedelta(days=2 * DAYS))
    return made, fleet.models_since(transaction, now - timedelta(days=DAYS))


def shifted_in(results: Sequence[CheckResult]) -> tuple[str, ...]:
    """The features or checks that have shifted, most important first."""
    shifted = [result.feature or result.check for result in results if result.verdict is CheckVerdict.SHIFTED]
    return tuple(shifted[:_NAMED])


def holds_back(made: FleetTest, models: int) -> bool:
    """True when so many models are looked at that this shift is to be expected among them by chance."""
    return models >= FROM_MODELS and not made.discovered


def _start_of_period(now: datetime) -> datetime:
    return _ZERO + (now - _ZERO) // timedelta(days=DAYS) * timedelta(days=DAYS)
