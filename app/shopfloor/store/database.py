"""Opening the database file: creation, recovery from a torn log, refusal of what cannot be trusted.

This module and `backup` are the only code that names the database file. Nothing may `open()` it in the
owning process: closing such a handle would silently drop DuckDB's lock.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from shopfloor.domain.errors import StoreError
from shopfloor.domain.ids import ulid
from shopfloor.store import migrate
from shopfloor.workspace.durable import fsync_directory, fsync_file

_SETTINGS = {
    "threads": "2",
    "memory_limit": "512MB",
    # Checkpoints are ours to time: an automatic one that meets a full disk invalidates the instance.
    "checkpoint_threshold": "1GB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_TORN = re.compile(r"entry at byte position (\d+)")


def log_path(path: Path) -> Path:
    """The write-ahead log beside the database."""
    return path.with_name(path.name + ".wal")


def log_bytes(path: Path) -> int:
    """How long the log is, 0 without one."""
    try:
        return log_path(path).stat().st_size
    except FileNotFoundError:
        return 0


def newest_seq(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest event, 0 without one."""
    ((found,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchall()
    return int(found)


def ensure(path: Path, workspace_id: str) -> bool:
    """Create the database when it is missing; True when it did.

    It is made under another name and renamed in a finished state, because a kill during the
    creation leaves a file that never opens again.
    """
    if path.exists():
        return False
    for stale in path.parent.glob(f"{path.name}.new-*"):
        stale.unlink()
    partial = path.with_name(f"{path.name}.new-{ulid()}")
    migrate.create(partial, workspace_id)
    fsync_file(partial)
    os.rename(partial, path)
    fsync_directory(path.parent)
    return True


def connect(path: Path) -> tuple[duckdb.DuckDBPyConnection, str]:
    """Open for writing. The text says what was recovered, empty when nothing had to be."""
    try:
        return _open(path), ""
    except duckdb.Error as error:
        torn = _TORN.search(str(error))
        if "WAL" not in str(error) or torn is None:
            raise StoreError(
                f"The metadata store does not open: {first_line(error)}",
                hint="Restore a backup: shopfloor restore (backups lie in .shopfloor/backups).",
                code="store_damaged",
            ) from error
        return _salvage(path, int(torn.group(1)))


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(path), config=dict(_SETTINGS))


def _salvage(path: Path, intact: int) -> tuple[duckdb.DuckDBPyConnection, str]:
    """Keep a copy of the damaged log, cut it before the first torn entry and open again."""
    log = log_path(path)
    damaged_copy = log.with_name(f"{log.name}.damaged-{ulid()}")
    shutil.copyfile(log, damaged_copy)
    os.truncate(log, intact)
    fsync_file(log)
    try:
        return _open(path), f"log cut at byte {intact}; the damaged one is kept as {damaged_copy.name}"
    except duckdb.Error as error:
        raise StoreError(
            f"The metadata store's log is damaged: {first_line(error)}",
            hint="Restore a backup: shopfloor restore",
            code="store_damaged",
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of a message; the rest of DuckDB's is advice about its own API."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


class LogWatch:
    """Makes the log's directory entry durable when a commit made a new log file.

    DuckDB syncs the log but never its directory, so after a checkpoint the first commit of a new
    log could vanish with the power.
    """

    def __init__(self, path: Path, stat: Callable[[Path], os.stat_result] = os.stat) -> None:
        self._log = log_path(path)
        self._stat = stat
        self._inode = -1

    def after_commit(self) -> None:
        """Called by the writer after every commit."""
        try:
            inode = self._stat(self._log).st_ino
        except FileNotFoundError:
            return
        if inode != self._inode:
            fsync_directory(self._log.parent)
            self._inode = inode
