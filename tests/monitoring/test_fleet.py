"""Looks at many models: the p-value of each, and which shifts are held back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.soak import times
from tests.store.opening import open_store

from shopfloor.domain.monitor import AlertRecord, CheckResult, CheckVerdict, FleetLook
from shopfloor.monitoring import fleet
from shopfloor.monitoring.job import MonitorHandler
from shopfloor.monitoring.records import AlertChanges, CheckReport
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.store import events
from shopfloor.store import fleet as looks
from shopfloor.store.store import Store

NOW = datetime(2026, 6, 3, tzinfo=UTC)


def result(
    p_value: float | None, *, shifted: bool = True, feature: str = "x", check: str = "feature_drift"
) -> CheckResult:
    return CheckResult(
        model="m", check=check, feature=feature, p_value=p_value, at=NOW,
        verdict=CheckVerdict.SHIFTED if shifted else CheckVerdict.OK,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path)
    yield made
    made.close()


def look(store: Store, model: str, p_value: float, at: datetime = NOW) -> tuple[FleetLook, int]:
    shifted = [result(p_value)] if p_value < 1 else []
    return store.write(lambda transaction: fleet.look(transaction, model, shifted, at))


def test_what_has_not_shifted_is_no_discovery_however_small_its_p_value() -> None:
    assert fleet.p_value([result(1e-30, shifted=False)]) == 1
    assert fleet.p_value([]) == 1


def test_what_needs_no_test_is_certain() -> None:
    assert fleet.p_value([result(None, check="missing_share"), result(0.5, shifted=False)]) == 0


@pytest.mark.soak
@pytest.mark.parametrize("shared", [0.0, 0.9], ids=["apart", "together"])
def test_the_p_value_holds_whatever_the_dependence(shared: float) -> None:
    """20 features that move together or apart, every one called shifted: as if size never kept one back."""
    from scipy.special import ndtr

    draw, count = np.random.default_rng(3), times(2000, 20_000)
    small = 0
    for _ in range(count):
        scores = np.sqrt(shared) * draw.normal() + np.sqrt(1 - shared) * draw.normal(size=20)
        adjusted = benjamini_hochberg(list(2 * ndtr(-np.abs(scores))))
        small += fleet.p_value([result(p, feature=f"x{n}") for n, p in enumerate(adjusted)]) <= 0.05
    assert small / count <= 0.05


def test_few_models_have_their_error_for_themselves(store: Store) -> None:
    made, models = look(store, "m", 0.04)
    assert (models, made.found, fleet.holds_back(made, models)) == (1, False, False)


def test_in_a_large_fleet_only_what_is_clear_is_told(store: Store) -> None:
    for number in range(fleet.FROM_MODELS):
        look(store, f"m{number}", 1.0)
    doubtful, models = look(store, "m0", 0.001)
    assert fleet.holds_back(doubtful, models)
    clear, models = look(store, "m1", 1e-12)
    assert not fleet.holds_back(clear, models)
    assert store.read(lambda query: looks.since(query, NOW)).found == (fleet.FROM_MODELS + 2,)
    ranked = store.read(lambda query: looks.ranking(query, 3, 0))
    assert [(one.model, one.found) for one in ranked.rows] == [("m1", True), ("m0", False), ("m10", False)]
    assert (ranked.rows[0].shifted, ranked.total) == (("x",), fleet.FROM_MODELS)


def test_after_the_period_the_levels_begin_anew_and_old_looks_are_forgotten(store: Store) -> None:
    first, _ = look(store, "m", 1.0)
    assert look(store, "m", 1.0)[0].level < first.level
    later = NOW + timedelta(days=fleet.DAYS)
    again, models = look(store, "other", 1.0, later)
    assert again.level == first.level
    assert models == 2
    last, models = look(store, "other", 1.0, NOW + timedelta(days=3 * fleet.DAYS))
    assert (last.level, models) == (first.level, 1)
    assert store.read(lambda query: looks.ranking(query, 9, 0)).total == 1


@pytest.mark.parametrize(("p_value", "told"), [(0.001, []), (1e-12, ["a"])])
def test_what_is_held_back_opens_no_alert_and_is_an_event(store: Store, p_value: float, told: list[str]) -> None:
    for number in range(fleet.FROM_MODELS):
        look(store, f"m{number}", 1.0, datetime.now(UTC))
    alert = AlertRecord(id="a", subject="m", check="feature_drift", opened_at=NOW, updated_at=NOW)
    report = CheckReport(model="m", model_version=1, results=(result(p_value),))
    changes = store.write(
        lambda transaction: MonitorHandler()._confirmed(transaction, report, AlertChanges(opened=(alert,)))
    )
    assert [one.id for one in changes.opened] == told
    held = store.read(lambda query: events.after(query, 0, 10))
    assert [event.kind for event in held] == ([] if told else ["monitor.held_back"])
