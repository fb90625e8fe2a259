"""What lineage says an alert is about: the checks that need the truth are about actuals."""

from __future__ import annotations

import dataclasses

from tests.monitoring.test_conformance import TASKS, given, usual

from shopfloor.lineage.steps.alerts import LABELLED
from shopfloor.monitoring.checks import checks


def test_lineage_knows_every_check_that_needs_the_truth() -> None:
    """Those that have no answer without it; `value` needs terms for one."""
    needing = set()
    for task in TASKS:
        at = given(usual(task), task)
        without = dataclasses.replace(at, outcomes=None, labelled=None, replayed=None)
        needing |= {check.name for check in checks() if check.run(at) and not check.run(without)}
    assert needing | {"value"} == LABELLED
