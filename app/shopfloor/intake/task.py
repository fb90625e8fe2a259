"""What intake asks of worker processes; light, so that the engine can name it."""

from __future__ import annotations

from shopfloor.intake.records import IntakeResult, IntakeSpec
from shopfloor.runtime.task import Progress


def take_in(spec: IntakeSpec, progress: Progress) -> IntakeResult:
    """Parse and validate a batch of files, with little memory."""
    from shopfloor.intake.ingest import ingest

    return ingest(spec, progress)


def warm_up() -> None:
    """Load what parsing needs."""
    import shopfloor.intake.ingest  # noqa: F401
