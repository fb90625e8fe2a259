"""What lineage says an alert is about: the checks that need the truth are about actuals."""

from __future__ import annotations

import dataclasses

from tests.monitoring.test_conformance import TASKS, given, usual

from shopfloor.lineage.steps.alerts import LABELLED
from shopfloor.monitoring.checks import checks


def test_lineage_knows_every_check_that_needs_the_truth() -> None:
    """Those that answer where nothing else is given; `value` needs terms for that."""
    needing = set()
    for task in TASKS:
        at = given(usual(task), task)
        at = dataclasses.replace(at, rows=None, predictions=None, rescored=None, requests=None, asked=(), answered=None)
        needing |= {check.name for check in checks() if check.run(at)}
    assert needing | {"value"} == LABELLED
