"""A migration begins with a backup in the old schema, and a kill leaves the old schema or the new one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import duckdb
import pytest
from tests.store.opening import ENVIRONMENT, open_store

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.monitor import AlertRecord
from shopfloor.store import alerts, copies, migrate

LATER = 9999
SCRIPTS = {**migrate.scripts(), LATER: "ALTER TABLE alerts ADD COLUMN weight DOUBLE; UPDATE alerts SET weight = 1.5;"}

MIGRATING = f"""
import sys
from pathlib import Path
from shopfloor.store import migrate
from tests.store.opening import open_store
scripts = migrate.scripts() | {{{LATER}: {SCRIPTS[LATER]!r}}}
migrate.scripts = lambda: scripts
open_store(Path(sys.argv[1])).close()
"""


def filled(folder: Path) -> int:
    """A store with an alert; the number of its newest event."""
    store = open_store(folder)
    at = store._clock.now()
    alert = AlertRecord(id="", subject="m", check="performance", opened_at=at, updated_at=at)
    store.write(lambda transaction: alerts.create(transaction, alert))
    store.write(lambda transaction: transaction.emit("alert.opened", "m", "told", data={}))
    store.close()
    return store.last_seq


def schema(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        return migrate.current(connection)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that knows one migration more."""
    monkeypatch.setattr(migrate, "scripts", lambda: SCRIPTS)


def test_the_backup_has_the_old_schema_and_every_row_and_opens(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, seq = migrate.newest(), filled(tmp_path)
    request.getfixturevalue("later")
    store = open_store(tmp_path)
    assert store.read(lambda query: query.one("SELECT weight FROM alerts")) == (1.5,)
    store.close()
    (backup,) = (tmp_path / "backups").iterdir()
    held = copies.inspect(backup)
    assert (held.schema, held.seq, held.workspace) == (old, seq, "w")
    assert backup.stat().st_mode & 0o777 == 0o600
    open_store(tmp_path).close()
    assert list((tmp_path / "backups").iterdir()) == [backup]  # nothing to migrate, nothing to keep
    monkeypatch.undo()
    (tmp_path / "again").mkdir()
    shutil.copyfile(backup, tmp_path / "again" / "m.duckdb")
    again = open_store(tmp_path / "again")
    assert again.last_seq == seq
    assert len(again.read(lambda query: alerts.unresolved(query, "m"))) == 1
    again.close()


@pytest.mark.usefixtures("later")
def test_a_new_database_is_not_migrated(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert not (tmp_path / "backups").exists()


def test_without_room_for_the_backup_nothing_is_migrated(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = migrate.newest()
    filled(tmp_path)
    request.getfixturevalue("later")
    usage = namedtuple("usage", "total used free")(1, 1, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(RefusedError, match="A backup needs"):
        open_store(tmp_path)
    assert schema(tmp_path / "m.duckdb") == old


@pytest.mark.parametrize("failpoint", ["backup.copied:kill", "store.migrating:kill", "store.migrating:ENOSPC"])
def test_a_kill_on_the_way_leaves_one_schema_and_all_rows(failpoint: str, tmp_path: Path) -> None:
    old, seq = migrate.newest(), filled(tmp_path)
    command = [sys.executable, "-c", MIGRATING, str(tmp_path)]
    ended = subprocess.run(command, env={**ENVIRONMENT, "SHOPFLOOR_FAILPOINT": failpoint}, check=False)
    assert ended.returncode != 0
    assert schema(tmp_path / "m.duckdb") == old
    finished = [path for path in (tmp_path / "backups").iterdir() if path.name.startswith(copies.NAMED)]
    assert [copies.inspect(path).schema for path in finished] == [old] * (not failpoint.startswith("backup"))
    subprocess.run(command, env=ENVIRONMENT, check=True)
    assert schema(tmp_path / "m.duckdb") == LATER
    assert copies.inspect(tmp_path / "m.duckdb").seq == seq
