"""Where a worker looks into parts: a database of its own, bounded in memory and disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.record import Record

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Sandbox(Record, frozen=True, kw_only=True):
    """What a question may use. `scratch` is a directory that is made and removed with the database."""

    scratch: str
    memory_mb: int
    threads: int = 2


@contextmanager
def sandboxed_duckdb(sandbox: Sandbox) -> Iterator[DuckDBPyConnection]:
    """Open the database, and remove what it left; raises `RefusedError` where the bounds are met."""
    import duckdb

    from shopfloor.duck.limits import limited
    from shopfloor.duck.sql import connect

    scratch = Path(sandbox.scratch)
    try:
        with limited(sandbox.memory_mb):
            connection = connect(memory_mb=sandbox.memory_mb, threads=sandbox.threads, temp=scratch)
            try:
                yield connection
            finally:
                connection.close()
    except (duckdb.OutOfMemoryException, MemoryError):
        raise RefusedError(
            f"The query needs more than {sandbox.memory_mb} MB of memory and {4 * sandbox.memory_mb} MB of disk.",
            hint="Raise intake.memory_mb, or compare versions that are closer to each other.",
            code="query_memory",
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
