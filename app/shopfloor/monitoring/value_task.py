"""What stored predictions were worth, in a worker."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.domain.monitor import ValueReport
from shopfloor.monitoring.records import ValueSpec
from shopfloor.monitoring.value import realised_value

SPEC = ValueSpec


def run(spec: ValueSpec, progress: Callable[[float, str], None]) -> ValueReport:
    """Realised value against the baseline and the plan."""
    return realised_value(spec)
