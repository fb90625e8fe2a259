"""Which kind of worker does which kind of job."""

from __future__ import annotations

from enum import StrEnum

from shopfloor.domain.job import JobKind


class Lane(StrEnum):
    """`light` workers parse files with DuckDB, `heavy` ones hold pandas and scikit-learn."""

    LIGHT = "light"
    HEAVY = "heavy"


def lane_of(kind: JobKind) -> Lane:
    """The lane of a kind of job."""
    return Lane.LIGHT if kind is JobKind.INTAKE else Lane.HEAVY
