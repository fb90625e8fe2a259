"""A backup comes back whole, nothing is lost on the way, and no id is given out twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.upkeep.works import Works

import shopfloor
from shopfloor.client.restore import restore as restore_in_child
from shopfloor.domain.errors import IntegrityError, NotFoundError, RefusedError, ShopfloorError
from shopfloor.domain.file import FileState
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.requests.workspace import DoctorReport
from shopfloor.runtime.ownership import Ownership
from shopfloor.store import alerts, database, datasets, models, runs
from shopfloor.store.copies import inspect
from shopfloor.store.database import log_path
from shopfloor.upkeep import restore as station
from shopfloor.upkeep.backup import make_backup
from shopfloor.upkeep.doctor import examine
from shopfloor.upkeep.restore import restore


class Lived:
    """A workspace that went on after its backup, and whose engine has stopped."""

    def __init__(self, works: Works) -> None:
        self.works = works
        works.commit("flights", [works.flights("Oslo")])
        works.deliver("flights")
        works.release("late")
        self.backup = Path(make_backup(works.context).path)
        works.clock.forward(hours=1)
        works.deliver("flights")
        works.commit("flights", [works.flights("Rome")])
        works.release("late", 2)
        works.store.write(
            lambda t: alerts.create(
                t, AlertRecord(id="", subject="late", check="performance", opened_at=t.now, updated_at=t.now)
            )
        )
        self.seq = works.store.last_seq
        works.store.close()


@pytest.fixture
def lived(works: Works) -> Iterator[Lived]:
    made = Lived(works)
    yield made
    made.works.reopen()  # so that the fixture can close it


def test_the_workspace_is_what_it_was_at_one_moment(lived: Lived) -> None:
    """Nothing that came after the backup is there, not even in part; and nothing brings it back."""
    works = lived.works
    report = restore(works.layout, lived.backup, works.clock)
    assert report.seq + report.undone == lived.seq
    assert report.lost == 0
    assert not log_path(works.layout.database).exists()
    assert works.layout.database.stat().st_mode & 0o777 == 0o600
    works.reopen()
    assert works.store.replayed == 0
    assert works.store.last_seq > lived.seq  # no number of an event is given out twice
    read = works.store.read
    assert read(lambda q: datasets.current_version(q, "flights")) == 1
    assert read(lambda q: models.aliases(q, "late")) == {"champion": 1}
    assert read(lambda q: alerts.unresolved(q, "late")) == []
    assert _faults(examine(works.context)) <= {"lock", "rights"}  # no engine runs here, none has made these files
    works.store.close()
    works.layout.database.unlink()  # the next loss does not bring it back either
    restore(works.layout, lived.backup, works.clock)
    works.reopen()
    assert works.store.read(lambda q: datasets.current_version(q, "flights")) == 1
    works.store.close()


def _faults(report: DoctorReport) -> set[str]:
    return {finding.check for finding in report.findings if not finding.ok}


def test_files_that_came_later_are_delivered_again(works: Works) -> None:
    layout = works.layout

    def archived(name: str, place: str, **fields: Any) -> str:
        id = works.deliver("flights", raw_path=str(layout.inbox / "flights" / place).encode(), **fields)
        path = layout.archive / "data" / "flights" / "2026-01-31" / f"{id}-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(id)
        return id

    archived("a.csv", "a.csv")
    backup = Path(make_backup(works.context).path)
    later = [archived("b.csv", "b.csv"), archived("b.csv", "b.csv"), archived("c.csv", "city=oslo/c.csv")]
    quarantined = layout.quarantine / "flights" / f"{'d' * 12}-d.csv"
    quarantined.parent.mkdir(parents=True)
    quarantined.write_text("d")
    place = str(layout.inbox / "flights" / "d.csv").encode()
    works.deliver("flights", FileState.QUARANTINED, sha256="d" * 64, raw_path=place)
    works.store.close()
    assert restore(layout, backup, works.clock).again == 4
    inbox = layout.inbox / "flights"
    found = {str(path.relative_to(inbox)): path.read_text() for path in inbox.rglob("*.csv")}
    assert found == {"b.csv": later[0], f"{later[1]}/b.csv": later[1], "city=oslo/c.csv": later[2], "d.csv": "d"}
    assert [path.name for path in (layout.archive / "data").rglob("*.csv")] == ["f1-a.csv"]
    assert restore(layout, backup, works.clock).again == 0
    works.reopen()


def test_a_kill_between_database_and_journal_brings_nothing_back(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    works = lived.works

    def fail(*arguments: object) -> None:
        raise OSError("power")

    monkeypatch.setattr(station, "_set_journal_aside", fail)
    with pytest.raises(OSError, match="power"):
        restore(works.layout, lived.backup, works.clock)
    works.reopen()
    assert works.store.replayed == 0
    assert works.store.read(lambda q: datasets.current_version(q, "flights")) == 1
    works.store.close()


def test_what_stood_is_kept_and_opens(lived: Lived) -> None:
    works = lived.works
    aside = Path(restore(works.layout, lived.backup, works.clock).aside)
    with duckdb.connect(str(aside), read_only=True) as old:
        newest = old.execute("SELECT max(seq) FROM events").fetchone()
    assert newest == (lived.seq,)


def test_no_id_is_given_out_twice(lived: Lived) -> None:
    works = lived.works
    restore(works.layout, lived.backup, works.clock)
    works.reopen()
    assert works.deliver("flights") == "f3"
    works.release("late", 3)
    assert {
        run.id
        for run in works.store.read(lambda q: runs.listing(q, runs.RunSearch({}, sort="id"), limit=9, offset=0)).rows
    } == {
        "r1",
        "r3",
    }  # r2 is undone
    works.store.close()


def test_ids_of_the_journal_count_when_the_present_database_is_gone(lived: Lived) -> None:
    works = lived.works
    works.layout.database.write_bytes(b"burnt")
    report = restore(works.layout, lived.backup, works.clock)
    counters = inspect(works.layout.database).counters
    assert (counters["r"], counters["a"]) == (2, 1)
    assert Path(report.aside).read_bytes() == b"burnt"


def test_an_older_log_is_never_left_beside_the_new_database(lived: Lived) -> None:
    works = lived.works
    log_path(works.layout.database).write_bytes(b"old log")
    aside = Path(restore(works.layout, lived.backup, works.clock).aside)
    assert not log_path(works.layout.database).exists()
    assert log_path(aside).read_bytes() == b"old log"


def test_restore_without_a_database(lived: Lived) -> None:
    lived.works.layout.database.unlink()
    assert restore(lived.works.layout, lived.backup, lived.works.clock).aside == ""
    assert inspect(lived.works.layout.database).seq > 0


def test_twice_in_one_second_keeps_both(lived: Lived) -> None:
    works = lived.works
    first = restore(works.layout, lived.backup, works.clock).aside
    second = restore(works.layout, lived.backup, works.clock).aside
    assert first != second
    assert Path(first).exists()
    assert Path(second).exists()


@pytest.mark.parametrize("step", ["_raise_counters", "_set_aside", "fsync_file", "fsync_directory"])
def test_a_failure_at_any_step_leaves_a_database_in_place(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    works = lived.works
    before = works.layout.database.read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError("power")

    monkeypatch.setattr(station, step, fail)
    with pytest.raises(OSError, match="power"):
        restore(works.layout, lived.backup, works.clock)
    assert works.layout.database.read_bytes() == before
    assert not list(works.layout.private.glob("*.restore-*"))
    monkeypatch.undo()
    assert restore(works.layout, lived.backup, works.clock).seq == inspect(lived.backup).seq


@pytest.mark.parametrize("step", ["restore.ready", "restore.aside", "restore.placed", "restore.journal"])
def test_a_kill_at_any_step_is_told_and_the_next_restore_finishes_it(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    works = lived.works
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
    with pytest.raises(ShopfloorError, match="The restore was killed by SIGKILL before it was done") as told:
        restore_in_child(works.layout.root, lived.backup)
    assert "Run it again" in told.value.hint
    assert inspect(lived.backup).seq > 0
    # Whichever of the two is in place opens, and not as a mixture.
    stands = inspect(works.layout.database).seq
    assert stands == lived.seq if step in {"restore.ready", "restore.aside"} else stands > lived.seq
    monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
    assert restore_in_child(works.layout.root, lived.backup).seq == inspect(lived.backup).seq
    works.reopen()
    assert works.store.read(lambda q: datasets.current_version(q, "flights")) == 1
    works.store.close()


def test_the_last_words_of_a_restore_that_dies_are_in_the_log(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", "restore.ready:no such act")  # an error that nobody expects
    with pytest.raises(ShopfloorError) as told:
        restore_in_child(lived.works.layout.root, lived.backup)
    assert told.value.message == "The restore ended with exit code 1 before it was done."
    assert "Traceback" not in str(told.value)
    assert str(lived.works.layout.log) in told.value.hint
    assert "Traceback" in lived.works.layout.log.read_text()


@pytest.mark.parametrize(("act", "words"), [("ENOSPC", "The disk is full."), ("EIO", "Input/output error")])
def test_an_error_of_the_disk_is_told_in_words(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, act: str, words: str
) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"restore.ready:{act}")
    with pytest.raises(ShopfloorError, match=words):
        restore_in_child(lived.works.layout.root, lived.backup)
    assert inspect(lived.works.layout.database).seq == lived.seq


def test_refusals(lived: Lived, tmp_path: Path) -> None:
    works = lived.works
    before = works.layout.database.read_bytes()
    with pytest.raises(NotFoundError):
        restore(works.layout, tmp_path / "nothing", works.clock)
    junk = tmp_path / "junk.duckdb"
    junk.write_bytes(b"junk" * 5000)
    with pytest.raises(IntegrityError):
        restore(works.layout, junk, works.clock)
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with pytest.raises(IntegrityError):
        restore(works.layout, tmp_path / "empty.duckdb", works.clock)
    for key, value, code in (("schema", "999", "schema_newer"), ("workspace", "other", "foreign_backup")):
        changed = tmp_path / f"{key}.duckdb"
        changed.write_bytes(lived.backup.read_bytes())
        with duckdb.connect(str(changed)) as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", [value, key])
        with pytest.raises(RefusedError) as caught:
            restore(works.layout, changed, works.clock)
        assert caught.value.code == code
    assert works.layout.database.read_bytes() == before


def test_own_backups_fit_a_database_that_was_lost_and_made_anew(lived: Lived) -> None:
    works = lived.works
    works.layout.database.unlink()
    database.ensure(works.layout.database, "another")
    assert restore(works.layout, lived.backup, works.clock).seq == inspect(lived.backup).seq


def test_not_while_an_engine_runs(lived: Lived) -> None:
    owner = Ownership.take(lived.works.layout.lock)
    with pytest.raises(RefusedError) as caught:
        restore(lived.works.layout, lived.backup, lived.works.clock)
    owner.release()
    assert "shopfloor down" in caught.value.hint


def test_the_command_prints_json_and_ends_with_the_right_code(lived: Lived) -> None:
    def run(backup: Path) -> tuple[int, dict[str, object]]:
        root = str(lived.works.layout.root)
        package = str(Path(shopfloor.__file__).parent.parent)
        done = subprocess.run(
            [sys.executable, "-m", "shopfloor.upkeep.restore", "--workspace", root, "--backup", str(backup)],
            env={**os.environ, "PYTHONPATH": package},
            capture_output=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    code, said = run(lived.backup)
    assert (code, said["seq"], said["undone"]) == (0, inspect(lived.backup).seq, lived.seq - inspect(lived.backup).seq)
    code, said = run(Path("/nowhere"))
    assert (code, said["error"]["code"]) == (4, "backup_not_found")  # type: ignore[index]
