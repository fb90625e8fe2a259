"""Looks at many models: the p-value of each, and which shifts are held back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from tests.soak import times
from tests.store.opening import open_store

from shopfloor.domain.monitor import AlertRecord, CheckResult, CheckVerdict
from shopfloor.monitoring import fleet
from shopfloor.monitoring.check_history import CheckKey, key_of
from shopfloor.monitoring.fleet import FleetTest
from shopfloor.monitoring.job import MonitorHandler
from shopfloor.monitoring.records import AlertChanges, CheckReport
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.statistics.online_discovery import level
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


def look(
    store: Store, model: str, p_value: float, at: datetime = NOW, told: Collection[CheckKey] = ()
) -> tuple[FleetTest, int]:
    """A look at a model that has shifted if `p_value` is below 1; its rule opens an alert for what is not `told`."""
    found = [result(p_value, shifted=p_value < 1)]
    opens = p_value < 1 and not told
    return store.write(lambda transaction: fleet.look(transaction, model, found, told, at, opens=opens))


def test_what_has_not_shifted_is_no_discovery_however_small_its_p_value() -> None:
    assert fleet.p_value([result(1e-30, shifted=False)]) == 1
    assert fleet.p_value([]) == 1


@pytest.mark.soak
@pytest.mark.parametrize("gone", [1, 10])
def test_the_p_value_holds_for_what_is_left_beside_what_open_alerts_tell(gone: int) -> None:
    """Correction for the number of columns makes the p-values of the others smaller where some are very small."""
    draw, count = np.random.default_rng(4), times(2000, 20_000)
    names = [f"x{number}" for number in range(20)]
    told = {("feature_drift", name, "data") for name in names[:gone]}
    small = 0
    for _ in range(count):
        raw = [*([1e-12] * gone), *draw.uniform(size=20 - gone)]
        results = [result(p, feature=name) for name, p in zip(names, benjamini_hochberg(raw), strict=True)]
        small += fleet.p_value(results, told) <= 0.05
    assert small / count <= 0.05 + 3 * (0.05 * 0.95 / count) ** 0.5


def test_an_alert_that_is_seen_again_is_no_discovery_and_pays_for_nothing(store: Store) -> None:
    """One truly shifted model would else buy the error of the whole fleet, look by look."""
    told = [("feature_drift", "x", "data")]
    first, _ = look(store, "bad", 1e-20)
    assert first.discovered
    for _ in range(50):
        again, _ = look(store, "bad", 1e-20, told=told)
        assert not again.discovered
    assert store.read(lambda query: looks.since(query, NOW)) == (1, (1,))
    assert look(store, "m", 0.5)[0].level == level(2, (1,), fleet.RATE)


def test_a_look_that_cannot_tell_is_no_test(store: Store) -> None:
    few = [replace(result(None), verdict=CheckVerdict.UNKNOWN)]
    store.write(lambda transaction: fleet.look(transaction, "m", few, (), NOW, opens=False))
    assert store.read(lambda query: looks.since(query, NOW)) == (0, ())


@pytest.mark.soak
def test_few_of_the_alerts_that_open_are_false_however_often_true_ones_are_seen_again() -> None:
    """Of 400 models 20 have shifted; each is looked at daily, those with an open alert every hour, for ten days."""
    shares, found = [], 0
    for seed in range(times(2, 100)):
        false, true = alerts_in_ten_days(np.random.default_rng(seed), models=400, shifted=20)
        shares.append(false / max(false + true, 1))
        found += true
    assert np.mean(shares) <= fleet.RATE
    assert found >= 0.9 * 20 * len(shares)


def alerts_in_ten_days(draw: np.random.Generator, models: int, shifted: int) -> tuple[int, int]:
    """How many false and true alerts open: each model has a column `x`, which may shift, and `y`, which does not."""
    tests, false, true = 0, 0, 0
    places: list[int] = []
    told: dict[int, set[CheckKey]] = {}
    for _ in range(10):
        for model in map(int, draw.permutation(models)):
            for _ in range(24 if model in told else 1):
                clear = float(10 ** -draw.uniform(6, 20)) if model < shifted else float(draw.uniform())
                pair = {"x": clear, "y": float(draw.uniform())}
                results = [result(p, shifted=p <= 0.05, feature=name) for name, p in pair.items()]
                known = told.get(model, set())
                news = {key_of(one) for one in results if one.verdict is CheckVerdict.SHIFTED} - known
                made = fleet.test(looks.LooksSoFar(tests, tuple(places)), results, known, opens=bool(news))
                tests += made.tested
                if made.discovered:
                    places.append(tests)
                    is_true = model < shifted and not known
                    true, false = true + is_true, false + (not is_true)
                    told[model] = known | news
    return false, true


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
    assert (models, made.discovered, fleet.holds_back(made, models)) == (1, False, False)


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
    look(store, "m1", 1e-12, told=[("feature_drift", "x", "data")])
    still = store.read(lambda query: looks.ranking(query, 1, 0)).rows[0]
    assert (still.model, still.p_value, still.found) == ("m1", 1e-12, True)


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
        lambda transaction: MonitorHandler()._confirmed(transaction, report, (), AlertChanges(opened=(alert,)))
    )
    assert [one.id for one in changes.opened] == told
    held = store.read(lambda query: events.after(query, 0, 10))
    assert [event.kind for event in held] == ([] if told else ["monitor.held_back"])
