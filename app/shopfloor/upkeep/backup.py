"""Verified copies of the metadata store."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from shopfloor.domain.errors import IntegrityError, RefusedError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.ids import ulid
from shopfloor.domain.numbers import size
from shopfloor.domain.requests.workspace import BackupReport
from shopfloor.domain.text import safe
from shopfloor.duck.sql import name
from shopfloor.runtime.context import Context
from shopfloor.store import migrate
from shopfloor.store.database import first_line, log_path
from shopfloor.workspace.durable import fsync_directory, fsync_file
from shopfloor.workspace.layout import Layout

PARTIAL = ".metadata-"
_NAME = "metadata-"
_RESERVE_BYTES = 64 << 20
_ABANDONED = timedelta(hours=1)


class Contents(NamedTuple):
    """What a database file holds, after every row of it was read."""

    schema: int
    seq: int
    workspace: str
    epoch: int
    counters: dict[str, int]
    rows: int


def make_backup(context: Context) -> BackupReport:
    """Copy, read every row back, make durable, name; then forget the oldest beyond `retention.backups`.

    A kill leaves a hidden partial file and the earlier backups. Raises `RefusedError` without disk space
    and `IntegrityError` when the copy does not read back as what was copied.
    """
    layout = context.layout
    _require_space(layout)
    partial = layout.backups / f"{PARTIAL}{ulid()}.duckdb"
    try:
        seq = context.store.copy_to(partial)
        reach("backup.copied")
        os.chmod(partial, 0o600)
        held = inspect(partial)
        if held.seq != seq or held.schema != migrate.newest():
            raise IntegrityError(
                f"The copy holds event {held.seq} of schema {held.schema}, not {seq} of {migrate.newest()}.",
                hint="Nothing was kept; the earlier backups are untouched. Try again, then run shopfloor doctor.",
                code="backup_damaged",
            )
        fsync_file(partial)
        now = context.clock.now()
        target = layout.backups / f"{_NAME}{now:%Y%m%dT%H%M%SZ}-{seq}.duckdb"
        os.rename(partial, target)
        fsync_directory(layout.backups)
    finally:
        partial.unlink(missing_ok=True)
        log_path(partial).unlink(missing_ok=True)
    _forget(context, target)
    return BackupReport(path=str(target), bytes=target.stat().st_size, seq=seq)


def backups(layout: Layout) -> list[Path]:
    """All finished backups, newest first."""
    return sorted(layout.backups.glob(f"{_NAME}*.duckdb"), key=lambda path: path.name, reverse=True)


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
        counted = connection.execute(f"SELECT count(*), bit_xor(hash(t)) FROM {name(table)} t").fetchone()
        rows += counted[0] if counted else 0
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    newest = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    return Contents(
        schema=migrate.current(connection),
        seq=newest[0] if newest else 0,
        workspace=meta.get("workspace", ""),
        epoch=int(meta.get("epoch", 0)),
        counters=dict(connection.execute("SELECT kind, last FROM counters").fetchall()),
        rows=rows,
    )


def _require_space(layout: Layout) -> None:
    needed = 2 * layout.database.stat().st_size + _RESERVE_BYTES
    free = shutil.disk_usage(layout.backups).free
    if free < needed:
        raise RefusedError(
            f"A backup needs {size(needed)}, {size(free)} are free.",
            hint="Free disk space in the workspace: shopfloor gc, or lower retention.backups.",
            code="disk",
        )


def _forget(context: Context, newest: Path) -> None:
    """Old backups beyond the number to keep, and the unfinished ones of a killed engine."""
    keep = max(1, context.settings.retention.backups)
    for path in backups(context.layout)[keep:]:
        if path != newest:
            path.unlink(missing_ok=True)
    horizon = (context.clock.now() - _ABANDONED).timestamp()
    for path in context.layout.backups.glob(f"{PARTIAL}*"):
        try:
            if path.lstat().st_mtime < horizon:
                path.unlink()
        except FileNotFoundError:
            pass  # another backup has just finished
