"""Requests that take longer: found at once where all do, and hardly ever told where nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from tests.monitoring.frames import context, month, reference_of

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.checks.latency import CHECK
from shopfloor.monitoring.records import Reference

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(month(1))


def looked(reference: Reference, looks: list[NDArray[np.float64]]) -> list[CheckResult]:
    """The results of looks at these requests, in order."""
    found: list[CheckResult] = []
    for number, seconds in enumerate(looks):
        given = context(reference, 8, seconds=seconds, history=found)
        at = START + timedelta(days=number)
        asked = type(given)(**{**vars(given), "at": at})
        found += [replace(one, evidence={**one.evidence, "data": str(number)}) for one in CHECK.run(asked)]
    return found


def requests(rng: np.random.Generator, count: int, slower: float = 1.0) -> NDArray[np.float64]:
    """Of a long-tailed service whose hours differ by a fifth."""
    return slower * rng.lognormal(rng.normal(-5, 0.2), 0.6, count)


def test_what_is_usual_is_learned_from_three_looks_and_a_jump_rings_at_once(reference: Reference) -> None:
    rng = np.random.default_rng(1)
    results = looked(reference, [*(requests(rng, 500) for _ in range(5)), requests(rng, 500, 10)])
    verdicts = [one.verdict for one in results]
    assert verdicts == [*[CheckVerdict.UNKNOWN] * 3, *[CheckVerdict.OK] * 2, CheckVerdict.SHIFTED]
    assert results[-1].evidence["break"]


def test_looks_at_a_service_that_did_not_change_open_hardly_any_alert(reference: Reference) -> None:
    """Of 20 services with 30 looks each, at most one rings at all."""
    definition = context(reference, 8).definition
    rung = 0
    for seed in range(20):
        rng = np.random.default_rng([7, seed])
        results = looked(reference, [requests(rng, int(rng.choice([100, 300, 1000]))) for _ in range(30)])
        opened = [fold([], [one], results[:place], definition, one.at).opened for place, one in enumerate(results)]
        rung += any(opened)
    assert rung <= 1


def test_few_requests_cannot_tell(reference: Reference) -> None:
    (found,) = looked(reference, [np.full(20, 0.1)])
    assert (found.verdict, found.value) == (CheckVerdict.UNKNOWN, None)
