"""What a check is told of earlier ones: each has a memory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.monitoring.test_alerts import OK, SHIFTED, UNKNOWN, check, definition
from tests.store.opening import open_store

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.preparing import known_history
from shopfloor.store import alerts
from shopfloor.store.store import Store

LOOKS = 150


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path)
    yield made
    made.close()


def keep(store: Store, *results: CheckResult) -> None:
    store.write(lambda transaction: alerts.add_checks(transaction, results))


@pytest.mark.parametrize("verdict", [OK, UNKNOWN])
def test_a_delivery_is_remembered_beside_any_number_of_looks_at_predictions(
    store: Store, verdict: CheckVerdict
) -> None:
    keep(store, check(SHIFTED, 1), check(OK, 1, None, "labelled_share"))
    looks = [
        check(verdict, 2 + number, feature, source="inference")
        for number in range(LOOKS)
        for feature in ("temp", *(f"f{n}" for n in range(20)))
    ]
    keep(store, *looks)
    known = store.read(lambda query: known_history(query, definition()))
    assert check(SHIFTED, 1) in known
    assert check(OK, 1, None, "labelled_share") in known
    now = check(SHIFTED, 2 + LOOKS)
    assert len(fold([], [now], known, definition(), now.at).opened) == 1


def test_looks_that_could_not_tell_do_not_push_out_what_others_told(store: Store) -> None:
    keep(store, check(SHIFTED, 1), *(check(UNKNOWN, number) for number in range(2, LOOKS)))
    known = store.read(lambda query: known_history(query, definition()))
    assert check(SHIFTED, 1) in known
    assert check(UNKNOWN, LOOKS - 1) in known
    assert len(known) < LOOKS


def test_as_many_runs_are_remembered_as_an_alert_asks_for(store: Store) -> None:
    keep(store, check(SHIFTED, 1), *(check(OK, number) for number in range(2, LOOKS)))
    wide = definition(2, LOOKS)
    now = check(SHIFTED, LOOKS)
    opened = [
        len(fold([], [now], store.read(lambda query, rule=rule: known_history(query, rule)), rule, now.at).opened)
        for rule in (definition(), wide)
    ]
    assert opened == [0, 1]


def test_the_newest_result_is_one_of_each_source(store: Store) -> None:
    served = [check(OK, number, None, "performance", source="inference") for number in (2, 3)]
    delivered = check(SHIFTED, 1, None, "performance")
    keep(store, delivered, *served)
    assert store.read(lambda query: alerts.newest_checks(query, "m")) == [delivered, served[1]]
