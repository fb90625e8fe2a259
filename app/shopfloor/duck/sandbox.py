"""Where a worker looks into parts: a database of its own, bounded in memory and disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
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
def temporary_duckdb(
    memory_mb: int, threads: int, scratch: Path, *, files: Sequence[str] | None = None
) -> Iterator[DuckDBPyConnection]:
    """A database of `duck.sql.connect` that is closed afterwards, and its directory `scratch` removed."""
    from shopfloor.duck.sql import connect

    try:
        connection = connect(memory_mb=memory_mb, threads=threads, temp=scratch, files=files)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def sandboxed_duckdb(
    sandbox: Sandbox,
    *,
    files: Sequence[str] | None = None,
    hint: str = "Raise intake.memory_mb, or compare versions that are closer to each other.",
) -> Iterator[DuckDBPyConnection]:
    """Open the database, and remove what it left; raises `RefusedError` where the bounds are met.

    With `files` no statement reads or writes any other file. `hint` says what to do where memory does not suffice.
    """
    import duckdb

    from shopfloor.duck.limits import limited

    scratch = Path(sandbox.scratch)
    try:
        with (
            limited(sandbox.memory_mb),
            temporary_duckdb(sandbox.memory_mb, sandbox.threads, scratch, files=files) as connection,
        ):
            yield connection
    except (duckdb.OutOfMemoryException, MemoryError):
        raise RefusedError(
            f"The query needs more than {sandbox.memory_mb} MB of memory and {4 * sandbox.memory_mb} MB of disk.",
            hint=hint,
            code="query_memory",
        ) from None
