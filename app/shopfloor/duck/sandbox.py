"""Where a worker looks into parts: a database of its own, bounded in memory and disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.errors import RefusedError
from shopfloor.duck.limits import limited
from shopfloor.duck.sql import connect
from shopfloor.lake.records import Desk

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def reading(desk: Desk) -> Iterator[DuckDBPyConnection]:
    """Open the database, and remove what it left; raises `RefusedError` where the bounds are met."""
    scratch = Path(desk.scratch)
    try:
        with limited(desk.memory_mb):
            connection = connect(memory_mb=desk.memory_mb, threads=desk.threads, temp=scratch)
            try:
                yield connection
            finally:
                connection.close()
    except (duckdb.OutOfMemoryException, MemoryError):
        raise RefusedError(
            f"The question needs more than {desk.memory_mb} MB of memory and {4 * desk.memory_mb} MB of disk.",
            hint="Raise intake.memory_mb, or compare versions that are closer to each other.",
            code="query_memory",
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
