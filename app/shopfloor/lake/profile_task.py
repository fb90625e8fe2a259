"""Profile a dataset version, in a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shopfloor.duck.sandbox import reading
from shopfloor.lake.profile import profile
from shopfloor.lake.records import ProfileAnswer, ProfileSpec
from shopfloor.lake.shelf import Shelf

SPEC = ProfileSpec


def run(spec: ProfileSpec, progress: Callable[[float, str], None]) -> ProfileAnswer:
    """Statistics of every column, of which only new parts are read."""
    with reading(spec.desk) as connection:
        return profile(connection, spec.side.parts, spec.side.columns, Shelf(Path(spec.desk.shelf)))
