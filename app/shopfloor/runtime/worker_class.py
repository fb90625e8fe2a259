"""Which kind of worker does which kind of job."""

from __future__ import annotations

from enum import StrEnum


class WorkerClass(StrEnum):
    """`light` workers parse files with DuckDB, `heavy` ones hold pandas and scikit-learn."""

    LIGHT = "light"
    HEAVY = "heavy"
