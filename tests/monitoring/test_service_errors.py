"""Requests that fail: told at once where many do, never for what a caller sends, hardly ever where nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace
from tests.monitoring.frames import context, month, reference_of

from shopfloor.domain.monitor import AlertRecord, CheckResult, CheckVerdict, Severity
from shopfloor.domain.service import REST, FaultCount, RequestCounts, RequestFault
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.checks.refused_requests import CHECK as REFUSED
from shopfloor.monitoring.checks.service_errors import CHECK
from shopfloor.monitoring.records import Reference

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(month(1))


def asked(many: int, failed: int = 0, refused: int = 0, number: int = 1) -> RequestCounts:
    ends = {RequestFault.FAILED: failed, RequestFault.REFUSED: refused}
    faults = tuple(
        FaultCount(fault=fault, code="internal", message="Bad\x1b[2J luck", count=count, first_at=START, last_at=START)
        for fault, count in ends.items()
        if count
    )
    return RequestCounts(source=REST, answered=many - failed - refused, faults=faults, until=number)


def followed(reference: Reference, counts: Iterable[RequestCounts]) -> tuple[list[CheckResult], list[AlertRecord]]:
    """The results of runs, in order, and all alerts as they are in the end."""
    results: list[CheckResult] = []
    alerts: list[AlertRecord] = []
    for number, one in enumerate(counts):
        given = context(reference, 8, asked=[replace(one, until=number + 1)], history=results)
        at = START + timedelta(days=number)
        found = CHECK.run(type(given)(**{**vars(given), "at": at}))
        changes = fold([one for one in alerts if one.resolved_at is None], found, results, given.definition, at)
        known = {alert.id: alert for alert in (*alerts, *changes.updated, *changes.resolved)}
        known |= {f"a{number}": replace(alert, id=f"a{number}") for alert in changes.opened}
        alerts = list(known.values())
        results += found
    return results, alerts


def test_failures_ring_at_once_and_the_alert_closes_when_requests_are_answered_again(reference: Reference) -> None:
    results, alerts = followed(reference, [*[asked(200)] * 3, asked(200, 30), asked(200, 150), *[asked(200)] * 3])
    ok, shifted = CheckVerdict.OK, CheckVerdict.SHIFTED
    assert [one.verdict for one in results] == [ok, ok, ok, shifted, shifted, ok, ok, ok]
    (alert,) = alerts
    assert (alert.check, alert.opened_at, alert.count) == ("service_errors", START + timedelta(days=3), 2)
    assert alert.severity is Severity.CRITICAL, "most requests failed in the end"
    assert alert.resolved_at == START + timedelta(days=6)
    assert "30 of 200 requests failed (15 %, limit 1 %), the first at 2026-01-01 00:00 UTC." in alert.message
    assert "30 with internal: Bad\\e[2J luck." in alert.message
    assert alert.message.isprintable()
    assert "not what callers send" in alert.cause


def test_what_a_caller_sends_wrongly_is_counted_and_opens_nothing(reference: Reference) -> None:
    results, alerts = followed(reference, [asked(200), asked(1000, refused=900)])
    assert ([one.verdict for one in results], alerts) == ([CheckVerdict.OK] * 2, [])
    (note,) = REFUSED.run(context(reference, 8, asked=[asked(1000, refused=900)]))
    assert note.verdict is CheckVerdict.OK
    assert note.message == "900 of 1,000 requests refused (90 %); 900 times internal: Bad\\e[2J luck."


@pytest.mark.parametrize(
    ("many", "failed", "verdict"),
    [(5, 0, "unknown"), (2, 2, "unknown"), (9, 1, "unknown"), (3, 3, "shifted"), (100, 1, "ok"), (100, 4, "shifted")],
)
def test_few_requests_cannot_tell_unless_they_fail_beyond_doubt(
    reference: Reference, many: int, failed: int, verdict: str
) -> None:
    (found,), _ = followed(reference, [asked(many, failed)])
    assert found.verdict == verdict


def test_a_service_that_always_loses_a_few_requests_opens_hardly_any_alert(reference: Reference) -> None:
    """Of 20 services that lose about one request in 150, at a rate that wanders, at most one rings in 30 runs."""
    rung = 0
    for seed in range(20):
        rng = np.random.default_rng([3, seed])
        many = rng.choice([50, 300, 2000], 30)
        failed = rng.binomial(many, 0.006 * rng.lognormal(0, 0.4, 30))
        rung += bool(followed(reference, map(asked, many.tolist(), failed.tolist()))[1])
    assert rung <= 1
