"""Backups: verified copies of the metadata store, the newest of which are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from shopfloor.domain.requests.workspace import BackupReport
from shopfloor.runtime.context import Context
from shopfloor.store import copies, migrate
from shopfloor.store.copies import NAMED, PARTIAL
from shopfloor.workspace.layout import Layout

_ABANDONED = timedelta(hours=1)


def make_backup(context: Context) -> BackupReport:
    """A verified copy; then forget the oldest beyond `retention.backups`. Raises what `copies.keep` raises."""
    layout = context.layout
    made = copies.keep(
        context.store.copy_to, layout.database, layout.backups, schema=migrate.newest(), now=context.clock.now()
    )
    _forget(context, made.path)
    return BackupReport(path=str(made.path), bytes=made.path.stat().st_size, seq=made.seq)


def backups(layout: Layout) -> list[Path]:
    """All finished backups, newest first."""
    return sorted(layout.backups.glob(f"{NAMED}*.duckdb"), key=lambda path: path.name, reverse=True)


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
