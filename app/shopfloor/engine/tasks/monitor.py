"""Look at one model version, in a worker."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.monitoring.records import WatchResult, WatchSpec
from shopfloor.monitoring.watch import watch

SPEC = WatchSpec


def run(spec: WatchSpec, progress: Callable[[float, str], None]) -> WatchResult:
    """The whole of a monitoring job."""
    return watch(spec, progress)
