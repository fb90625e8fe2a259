"""Putting a backup of the metadata in place, while no engine runs.

`python -m shopfloor.upkeep.restore --workspace DIR --backup FILE` prints a `RestoreReport` or a
`WireFailure` as JSON and ends with the error's exit code.

The workspace is then what it was at one moment, that of the backup: what the database and its journal know beyond
is set aside, whole. Files that came later are put back into their drop folders, to be taken in again.

No step loses anything: the database that stood is kept under another name with its log, and a kill between
two steps leaves either the old database or the new one in place; doing it again finishes it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import NotFoundError, RefusedError, ShopfloorError, StoreError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.ids import ulid
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.domain.wire import WireFailure, describe
from shopfloor.duck.refusal import refused
from shopfloor.runtime.ownership import Ownership
from shopfloor.store import database, migrate
from shopfloor.store.copies import Contents, inspect
from shopfloor.store.database import log_path
from shopfloor.store.journal import Journal, JournalEntry
from shopfloor.upkeep.restored_moment import begin_again, deliver_again, delivered_to
from shopfloor.workspace.durable import fsync_directory, fsync_file
from shopfloor.workspace.folders import blame
from shopfloor.workspace.layout import Layout

PARTIAL = ".restore-"
_COUNTED = {"files": "f", "runs": "r", "jobs": "j", "alerts": "a"}


class RestoreReport(Record, frozen=True, kw_only=True):
    """`seq` is the event that the backup ends with, `undone` how many events came after it, `again` how many
    delivered files lie in their drop folders again, `lost` how many objects of the backup are gone or cut,
    `aside` where the earlier database is kept (empty without one)."""

    backup: str
    seq: int
    undone: int
    again: int
    lost: int
    aside: str = ""


def restore(layout: Layout, backup: Path, clock: Clock) -> RestoreReport:
    """Verify `backup`, keep the present database beside it, put the backup in its place.

    Raises `RefusedError` while an engine runs, for a newer schema and for another workspace's backup,
    `NotFoundError` and `IntegrityError` for a file that is missing or damaged.
    """
    layout.create()
    owner = Ownership.take(layout.lock)
    try:
        return _restore(layout, backup, clock.now())
    finally:
        owner.release()


def _restore(layout: Layout, backup: Path, now: datetime) -> RestoreReport:
    held = _verified(backup)
    present = _present(layout)
    # A database that was lost and created again has another identity; the workspace's backups are still its own.
    own = backup.resolve().is_relative_to(layout.backups.resolve())
    if present is not None and present.workspace != held.workspace and not own:
        raise RefusedError(
            f"{safe(backup.name, 120)} was made in another workspace.",
            hint="Its files would be missing here. Choose a backup from .shopfloor/backups.",
            code="foreign_backup",
        )
    journal = Journal(layout.journal)
    entries = [entry for entry in journal.entries() if entry.seq > held.seq]
    newest = max(held.seq, present.seq if present else 0, journal.last_seq())
    partial = layout.database.with_name(f"{layout.database.name}{PARTIAL}{ulid()}")
    try:
        shutil.copyfile(backup, partial)
        os.chmod(partial, 0o600)
        _raise_counters(partial, [held, *([present] if present else [])], entries)
        with duckdb.connect(str(partial)) as connection:
            lost = begin_again(connection, layout, backup.name, newest + 1, now)
        fsync_file(partial)
        places = delivered_to(layout) if present is not None else {}
        reach("restore.ready")
        aside = _set_aside(layout, now)
        reach("restore.aside")
        os.replace(partial, layout.database)
        fsync_directory(layout.private)
        reach("restore.placed")
    finally:
        partial.unlink(missing_ok=True)
        log_path(partial).unlink(missing_ok=True)
    _set_journal_aside(layout, now)
    reach("restore.journal")
    again = deliver_again(layout, places)
    return RestoreReport(
        backup=str(backup), seq=held.seq, undone=newest - held.seq, again=again, lost=lost, aside=aside
    )


def _verified(backup: Path) -> Contents:
    if not backup.is_file():
        raise NotFoundError(
            f"There is no backup {safe(backup, 200)}.", hint="See .shopfloor/backups.", code="backup_not_found"
        )
    held = inspect(backup)
    if held.schema > migrate.newest():
        raise RefusedError(
            f"The backup has schema {held.schema}, this program knows {migrate.newest()}.",
            hint="Install the newer shopfloor that wrote it.",
            code="schema_newer",
        )
    return held


def _present(layout: Layout) -> Contents | None:
    """What the database that stands holds, None when there is none or it does not open."""
    if not layout.database.exists():
        return None
    try:
        return inspect(layout.database)
    except (ShopfloorError, ValueError):
        return None  # that it is damaged may be the reason for the restore


def _raise_counters(partial: Path, known: list[Contents], missing: list[JournalEntry]) -> None:
    """An id that was given out after the backup must never be given to another thing."""
    last: dict[str, int] = {}
    for held in known:
        for kind, number in held.counters.items():
            last[kind] = max(last.get(kind, 0), number)
    for kind, number in _journalled(missing):
        last[kind] = max(last.get(kind, 0), number)
    with duckdb.connect(str(partial)) as connection:
        for kind, number in last.items():
            connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", [kind, number])
        epoch = max(held.epoch for held in known)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", [str(epoch)])
        connection.execute("CHECKPOINT")


def _journalled(missing: list[JournalEntry]) -> Iterator[tuple[str, int]]:
    for entry in missing:
        for table, row in entry.rows:
            if table in _COUNTED and isinstance(row.get("number"), int):
                yield _COUNTED[table], row["number"]
            if table == "model_versions":
                run = str(row.get("run", ""))
                if run[1:].isdecimal():
                    yield "r", int(run[1:])


def _set_aside(layout: Layout, now: datetime) -> str:
    """Keep database and log as a pair that opens; the database's own name is never without a file.

    The log goes first: a new database beside an old log would be worse than an old one without it.
    """
    if not layout.database.exists():
        return ""
    aside = layout.database.with_name(f"{layout.database.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    if aside.exists():
        aside = aside.with_name(f"{aside.name}-{ulid()}")
    _second_name(layout.database, aside)
    log = log_path(layout.database)
    if log.exists():
        os.rename(log, log_path(aside))
    fsync_directory(layout.private)
    return str(aside)


def _set_journal_aside(layout: Layout, now: datetime) -> None:
    """What it knows beyond the backup is undone, and must not come back if the database is ever lost.

    Until then the database is the newer one: it has an event beyond all of the journal's.
    """
    aside = layout.journal.with_name(f"{layout.journal.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    if aside.exists():
        aside = aside.with_name(f"{aside.name}-{ulid()}")
    os.rename(layout.journal, aside)
    layout.create()
    fsync_directory(layout.private)


def _second_name(path: Path, aside: Path) -> None:
    try:
        os.link(path, aside)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, aside)
        os.chmod(aside, 0o600)
        fsync_file(aside)


def _not_prepared(error: duckdb.Error) -> StoreError:
    found = refused(error)
    why = safe(database.first_line(error), 200) if found is None else found.strerror
    return StoreError(
        f"The backup could not be made ready: {why}.",
        hint="The database that stood is untouched. Free some disk space, or choose another backup, and try again.",
        code="not_restored",
    )


def main() -> int:
    """The command line: JSON on standard output, the exit code of the error."""
    parser = argparse.ArgumentParser(prog="shopfloor-restore")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--backup", type=Path, required=True)
    options = parser.parse_args()
    os.umask(0o077)
    answer: Record
    layout = Layout(options.workspace.resolve())
    try:
        answer = restore(layout, options.backup, SystemClock())
    except ShopfloorError as error:
        answer = WireFailure(error=describe(error))
    except OSError as error:
        answer = WireFailure(error=describe(blame(error, layout.root)))
    except duckdb.Error as error:
        answer = WireFailure(error=describe(_not_prepared(error)))
    code = answer.error.exit if isinstance(answer, WireFailure) else 0
    sys.stdout.buffer.write(to_json(answer) + b"\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
