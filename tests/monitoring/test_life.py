"""Lives of models to which nothing happens: with all checks that there are, few deliveries ring, in a fleet fewer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests import soak
from tests.monitoring.life import Life
from tests.monitoring.test_draws import COLUMNS, rows
from tests.store.opening import open_store

from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.monitor import CheckResult
from shopfloor.monitoring import fleet
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.check_history import key_of
from shopfloor.monitoring.checks import checks
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import build_reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.store.store import Store

NOW = datetime(2026, 6, 3, tzinfo=UTC)
FEW = COLUMNS[:8]


@pytest.mark.soak
def test_of_days_to_which_nothing_happens_hardly_any_rings_with_any_check(tmp_path: Path) -> None:
    """Nominal are 5 %: of 30 deliveries at most 5 may open an alert or be counted to one. Each check takes part, and a
    fault rings; else their silence would prove nothing.
    """
    for seed in range(soak.times(1, 12)):
        (tmp_path / str(seed)).mkdir()
        life = Life(tmp_path / str(seed), seed)
        found: list[CheckResult] = []
        for number, size in enumerate(life.rng.choice([200, 500, 1000, 2000, 5000], soak.times(3, 30))):
            found += life.day(number, int(size))
        assert sum(life.fired) <= len(life.fired) / 6, (seed, life.fired)
        assert {result.check for result in found} == {check.name for check in checks()}
        life.day(len(life.fired), 500, lambda frame, rng: frame.assign(n3=frame["n3"] * 60))
        assert life.fired[-1]


class Fleet:
    """Many models, some of which share what they learned; `shifted` of them change on the second day."""

    def __init__(self, store: Store, models: int, references: int, shifted: int) -> None:
        self.store, self.shifted = store, shifted
        self.rng = np.random.default_rng(models)
        self.references = [self._learned() for _ in range(references)]
        self.histories: list[list[CheckResult]] = [[] for _ in range(models)]
        self.told: set[int] = set()

    def day(self, number: int) -> list[int]:
        """The models that raise an alert, which none of theirs is open for."""
        at = NOW + timedelta(days=number)
        found: list[int] = []

        def look(transaction: object) -> None:
            for model in range(len(self.histories)):
                name, results, opened = f"m{model}", *self._checked(model, number, at)
                told = set(map(key_of, results)) if model in self.told else set()
                opens = opened and not told
                made, models = fleet.look(transaction, name, results, told, at, opens=opens)  # type: ignore[arg-type]
                if opens and not fleet.holds_back(made, models):
                    found.append(model)

        self.store.write(look)
        self.told |= set(found)
        return found

    def _learned(self) -> Reference:
        known = rows(1000, self.rng)
        return build_reference(
            known, FEW, model="m", task=Task.BINARY, metric="roc_auc", created_at=NOW - timedelta(days=1)
        )

    def _checked(self, model: int, number: int, at: datetime) -> tuple[list[CheckResult], bool]:
        frame = rows(300, self.rng)[[column.name for column in FEW]]
        if model < self.shifted and number >= 1:
            frame = frame.assign(n0=frame["n0"] + 1.0)
        definition = ModelDefinition(name=f"m{model}", dataset="d", target="y", task=Task.BINARY)
        history = self.histories[model]
        results = check_all(
            CheckContext(
                definition=definition,
                model_version=1,
                reference=self.references[model % len(self.references)],
                at=at,
                history=history,
                rows=InputRows(data=str(number), moment=at, frame=frame),
            )
        )
        opened = bool(fold([], results, history, definition, at).opened)
        history += results
        return results, opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path)
    yield made
    made.close()


@pytest.mark.soak
def test_a_fleet_to_which_nothing_happens_has_hardly_a_day_with_an_alert(store: Store) -> None:
    """Of a thousand models: at most 5 % of the days."""
    models, days = soak.times(20, 1000), soak.times(2, 8)
    everything = Fleet(store, models, soak.times(1, 40), shifted=0)
    found = [everything.day(number) for number in range(days)]
    assert sum(map(bool, found)) <= days / 20, found


@pytest.mark.soak
def test_of_a_fleet_those_that_shifted_are_told_and_hardly_another(store: Store) -> None:
    """The share of false ones among the alerts of a day is 5 % at most on average."""
    models, changed = soak.times(20, 1000), soak.times(2, 50)
    everything = Fleet(store, models, soak.times(1, 40), shifted=changed)
    found = [everything.day(number) for number in range(soak.times(3, 8))]
    false = [sum(model >= changed for model in told) / max(len(told), 1) for told in found]
    assert np.mean(false) <= 0.05, found
    recall = len([model for model in everything.told if model < changed]) / changed
    assert recall >= 0.9, found
