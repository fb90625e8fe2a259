"""What a month of age costs: measured where it costs, and silent where it costs nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace
from tests.monitoring.frames import context, month, months, reference_of

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.check_context import ReplayedVersions, VersionAnswers
from shopfloor.monitoring.checks.staleness import CHECK
from shopfloor.monitoring.records import PerformanceReference, Promise, Reference
from shopfloor.statistics import metrics
from shopfloor.statistics.jackknife import estimate
from shopfloor.statistics.predictions import Predictions, classification

NOW = datetime(2013, 9, 15, tzinfo=UTC)
MONTH = timedelta(days=30.44)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(months(range(4)), holdout=month(4))


def checked(reference: Reference, cost: float, behind: float, seed: int, rows: int = 1000) -> CheckResult:
    """Four versions, a month apart, of which each is noisier than the next by `cost`; the newest is `behind` months."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(0, 1, rows)
    truth = (latent + rng.normal(0, 0.7, rows) > 0).astype(np.intp)
    shared = rng.normal(0, 0.4, rows)

    def answers(age: float) -> Predictions:
        score = latent + shared + rng.normal(0, 0.2 + cost * age, rows)
        chance = 1 / (1 + np.exp(-score))
        probability = np.column_stack([1 - chance, chance])
        return classification(truth, probability.argmax(axis=1), probability, classes=("no", "yes"), positive=1)

    def version(number: int, age: float) -> VersionAnswers:
        return VersionAnswers(number, NOW - MONTH * age, Promise(rows=5000), answers(age))

    replayed = ReplayedVersions(
        data="d",
        moment=NOW,
        own=version(4, behind),
        others=[version(4 - one, behind + one) for one in (1, 2, 3)],
    )
    (found,) = CHECK.run(context(reference, 8, replayed=replayed))
    return found


def test_a_month_of_age_that_costs_is_measured_and_told(reference: Reference) -> None:
    found = checked(reference, cost=0.4, behind=3, seed=1)
    assert found.verdict is CheckVerdict.SHIFTED, found.message
    assert 0.01 < found.evidence["interval"][0] < found.evidence["cost_of_a_month"]
    assert found.evidence["months_apart"] == {"3": 1.0, "2": 2.0, "1": 3.0}
    assert found.message.startswith("Version 1 is stale: a month of age costs 0.0")
    assert "is 3 months behind them, which costs" in found.message


def test_the_same_cost_is_no_alert_for_a_version_that_is_fresh(reference: Reference) -> None:
    found = checked(reference, cost=0.4, behind=0.1, seed=1)
    assert found.verdict is CheckVerdict.OK, found.message
    assert found.evidence["interval"][0] > 0


def test_versions_of_equal_merit_are_hardly_ever_called_stale(reference: Reference) -> None:
    """However old: of 100 deliveries at most 3 at the nominal 1 %, before a second one has to confirm it."""
    found = [checked(reference, cost=0.0, behind=6, seed=seed, rows=500).verdict for seed in range(100)]
    assert found.count(CheckVerdict.SHIFTED) <= 3, found


def said(rng: np.random.Generator, noise: float, rows: int) -> Predictions:
    latent = rng.normal(0, 1, rows)
    truth = (latent + rng.normal(0, 0.7, rows) > 0).astype(np.intp)
    chance = 1 / (1 + np.exp(-latent - rng.normal(0, noise, rows)))
    probability = np.column_stack([1 - chance, chance])
    return classification(truth, probability.argmax(axis=1), probability, classes=("no", "yes"), positive=1)


def unchanged(reference: Reference, learned: Sequence[int], seed: int, luck: float = 0.0) -> CheckResult:
    """A world that stays as it is: versions a month apart, the newest half a year old, each the better the more rows it
    was made from, as its holdout of 400 rows shows; and lucky ones."""
    metric = metrics.find("roc_auc")

    def version(number: int, age: float, rows: int) -> VersionAnswers:
        noise = abs(math.sqrt(400 / rows) + luck * np.random.default_rng([seed, number]).normal())
        held = estimate(metric, said(np.random.default_rng([seed, number, 1]), noise, 400))
        assert held is not None
        promise = PerformanceReference(metric="roc_auc", score=held.score, error=held.error, rows=400, constant=0.5)
        answers = said(np.random.default_rng([seed, 0]), noise, 2000)
        return VersionAnswers(number, NOW - MONTH * age, Promise(rows=rows, performance=promise), answers)

    own, *others = [version(9 - place, 6 + place, rows) for place, rows in enumerate(learned)]
    replayed = ReplayedVersions(data="d", moment=NOW, own=own, others=others)
    known = replace(reference, performance=own.promise.performance)
    (found,) = CHECK.run(context(known, 8, replayed=replayed))
    return found


@pytest.mark.parametrize(("learned", "luck"), [((2000, 1600, 1200, 800, 400), 0.0), ((2000,) * 4, 0.05)])
def test_more_rows_and_luck_are_no_matter_of_age(reference: Reference, learned: Sequence[int], luck: float) -> None:
    found = [unchanged(reference, learned, seed, luck).verdict for seed in range(12)]
    assert found.count(CheckVerdict.SHIFTED) <= 1, found


def test_few_rows_cannot_tell(reference: Reference) -> None:
    found = checked(reference, cost=0.4, behind=3, seed=1, rows=60)
    assert (found.verdict, found.value) == (CheckVerdict.UNKNOWN, None)
    assert found.message.startswith("Staleness: inconclusive, 60 rows are too few")
