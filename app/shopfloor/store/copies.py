"""Verified copies of the metadata database: copied, read back, made durable, and only then named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from shopfloor.domain.errors import IntegrityError, RefusedError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.ids import ulid
from shopfloor.domain.numbers import size
from shopfloor.domain.text import safe
from shopfloor.duck.sql import name, text
from shopfloor.store import migrate
from shopfloor.store.database import first_line, log_path, newest_seq
from shopfloor.workspace.durable import fsync_directory, fsync_file

PARTIAL = ".metadata-"
NAMED = "metadata-"
_RESERVE_BYTES = 64 << 20


class Contents(NamedTuple):
    """What a database file holds, after every row of it was read."""

    schema: int
    seq: int
    workspace: str
    epoch: int
    counters: dict[str, int]
    rows: int


class Copied(NamedTuple):
    """A finished copy, and the newest event in it."""

    path: Path
    seq: int


def keep(fill: Callable[[Path], int], database: Path, folder: Path, *, schema: int, now: datetime) -> Copied:
    """A finished copy in `folder` of `database`, which has `schema`; `fill` copies it to a path and returns the newest
    event in it.

    A kill leaves a hidden partial file. Raises `RefusedError` without disk space and `IntegrityError` when the copy
    does not read back as what was copied.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    _require_space(database, folder)
    partial = folder / f"{PARTIAL}{ulid()}.duckdb"
    try:
        seq = fill(partial)
        reach("backup.copied")
        os.chmod(partial, 0o600)
        held = inspect(partial)
        if (held.schema, held.seq) != (schema, seq):
            raise IntegrityError(
                f"The copy holds event {held.seq} of schema {held.schema}, not {seq} of {schema}.",
                hint="Nothing was kept; the earlier backups are untouched. Try again, then run shopfloor doctor.",
                code="backup_damaged",
            )
        fsync_file(partial)
        target = folder / f"{NAMED}{now:%Y%m%dT%H%M%SZ}-{seq}.duckdb"
        os.rename(partial, target)
        fsync_directory(folder)
        return Copied(target, seq)
    finally:
        partial.unlink(missing_ok=True)
        log_path(partial).unlink(missing_ok=True)


def copy(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Everything that the open database holds, in a new file at `target`."""
    source = connection.execute("SELECT current_database()").fetchone()
    assert source is not None
    connection.execute(f"ATTACH {text(str(target))} AS backup_copy")
    try:
        connection.execute(f"COPY FROM DATABASE {name(source[0])} TO backup_copy")
    finally:
        connection.execute("DETACH backup_copy")


def inspect(path: Path) -> Contents:
    """Open a copy read-only and read every row, so that the checksum of every block is checked.

    Never call it with the database that an engine has open. Raises `IntegrityError`.
    """
    try:
        connection = duckdb.connect(str(path), read_only=True, config={"threads": "1", "memory_limit": "256MB"})
        try:
            return _contents(connection)
        finally:
            connection.close()
    except duckdb.Error as error:
        raise IntegrityError(
            f"{safe(path.name, 120)} is not a usable copy of the metadata: {first_line(error)}",
            hint="Choose another backup from .shopfloor/backups.",
            code="backup_damaged",
        ) from error


def _contents(connection: duckdb.DuckDBPyConnection) -> Contents:
    tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
    rows = 0
    for (table,) in tables:
        ((counted, _),) = connection.execute(f"SELECT count(*), bit_xor(hash(t)) FROM {name(table)} t").fetchall()
        rows += counted
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    return Contents(
        schema=migrate.current(connection),
        seq=newest_seq(connection),
        workspace=meta.get("workspace", ""),
        epoch=int(meta.get("epoch", 0)),
        counters=dict(connection.execute("SELECT kind, last FROM counters").fetchall()),
        rows=rows,
    )


def _require_space(database: Path, folder: Path) -> None:
    needed = 2 * database.stat().st_size + _RESERVE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RefusedError(
            f"A backup needs {size(needed)}, {size(free)} are free.",
            hint="Free disk space in the workspace: shopfloor gc, or lower retention.backups.",
            code="disk",
        )
