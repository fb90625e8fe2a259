"""Parse and validate a batch of files, in a worker with little memory."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.intake.ingest import ingest
from shopfloor.intake.records import IntakeResult, IntakeSpec

SPEC = IntakeSpec


def run(spec: IntakeSpec, progress: Callable[[float, str], None]) -> IntakeResult:
    """The whole of an intake job."""
    return ingest(spec, progress)
