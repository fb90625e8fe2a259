"""Each thing that can be wrong is found, named, and mended only where that is safe."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from tests.upkeep.works import Works, age

from shopfloor.domain.file import FileState
from shopfloor.domain.requests.workspace import DoctorFinding, DoctorReport
from shopfloor.runtime.ownership import Ownership
from shopfloor.upkeep.doctor import examine


@pytest.fixture
def works(works: Works) -> Iterator[Works]:
    """A workspace in good health, with one of everything."""
    owner = Ownership.take(works.layout.lock)
    works.layout.definition("late").write_text('dataset = "flights"\ntarget = "late"\n')
    file = works.deliver("flights")
    works.part_of = works.flights("Oslo", "Rome")  # type: ignore[attr-defined]
    works.commit("flights", [works.part_of], delivered=[file])  # type: ignore[attr-defined]
    works.made = works.release("late")  # type: ignore[attr-defined]
    works.logged = works.log("late", "predictions", pa.table({"association_id": ["x"]}))  # type: ignore[attr-defined]
    yield works
    owner.release()


def complaints(report: DoctorReport, check: str) -> list[DoctorFinding]:
    return [found for found in report.findings if found.check == check and not found.ok]


def test_a_healthy_workspace(works: Works) -> None:
    for report in (examine(works.context), examine(works.context, repair=True)):
        assert report.ok, [found for found in report.findings if not found.ok]
        assert {found.check for found in report.findings} >= {
            "store", "journal", "counters", "files", "quarantine", "datasets", "versions", "parts", "artifacts",
            "inference log", "aliases", "champions", "deployments", "staging", "lock", "rights", "disk", "folders",
        }  # fmt: skip
        assert not any(found.repaired for found in report.findings)


def flip(path: Path, position: int = -40) -> None:
    """One changed bit."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))


def _part(works: Works) -> Path:
    return works.part_file(works.part_of)  # type: ignore[attr-defined]


def _model(works: Works) -> Path:
    return Path(works.made.path) / "model.joblib"  # type: ignore[attr-defined]


def _manifest(works: Works) -> Path:
    return Path(works.made.path) / "manifest.json"  # type: ignore[attr-defined]


def _log(works: Works) -> Path:
    return Path(works.logged)  # type: ignore[attr-defined]


def _journal(works: Works) -> Path:
    return next(works.layout.journal.glob("*.jsonl"))


@pytest.mark.parametrize(
    ("file", "check"),
    [(_part, "parts"), (_model, "artifacts"), (_manifest, "artifacts"), (_log, "inference log"), (_journal, "journal")],
)
def test_one_flipped_bit_is_found(works: Works, file: object, check: str) -> None:
    assert callable(file)
    flip(file(works))
    report = examine(works.context, deep=True)
    assert len(complaints(report, check)) == 1
    assert not report.ok
    assert [found.check for found in report.findings if not found.ok] == [check]


@pytest.mark.parametrize(
    ("file", "check"), [(_part, "parts"), (_model, "artifacts"), (_manifest, "artifacts"), (_log, "inference log")]
)
def test_a_missing_file_is_found_without_reading(works: Works, file: object, check: str) -> None:
    assert callable(file)
    os.unlink(file(works))
    report = examine(works.context)
    assert len(complaints(report, check)) == 1
    assert not examine(works.context, repair=True).ok


def test_a_missing_part_names_the_versions_that_need_it(works: Works) -> None:
    _part(works).unlink()
    works.commit("flights", [works.flights("Bern")])
    assert "Used by flights@1." in complaints(examine(works.context), "parts")[0].detail


def test_a_cut_part_is_found_without_reading(works: Works) -> None:
    path = _part(works)
    path.chmod(0o600)
    os.truncate(path, 10)
    assert "10 bytes" in complaints(examine(works.context), "parts")[0].detail


def test_many_complaints_are_summed_up(works: Works) -> None:
    works.commit("flights", [works.flights(f"city {number}") for number in range(30)])
    shutil.rmtree(works.layout.objects / "parts")
    found = complaints(examine(works.context), "parts")
    assert len(found) == 11
    assert "21 more" in found[-1].detail


def test_reading_stops_when_the_time_is_up(works: Works) -> None:
    flip(_part(works))
    reads = works.clock

    class Late:
        """A clock on which the time for reading is over at the second look."""

        looks = 0

        def now(self) -> object:
            return reads.now()

        def monotonic(self) -> float:
            self.looks += 1
            return self.looks * 1000.0

    works.context.clock = Late()  # type: ignore[assignment]
    report = examine(works.context, deep=True)
    assert report.ok
    assert any("0 of them verified" in found.detail for found in report.findings)


def test_swapped_artifact(works: Works) -> None:
    other = works.release("other")
    shutil.rmtree(works.made.path)  # type: ignore[attr-defined]
    shutil.copytree(other.path, works.made.path)  # type: ignore[attr-defined]
    assert len(complaints(examine(works.context), "artifacts")) == 1


def test_lost_signing_key_is_not_replaced(works: Works) -> None:
    works.layout.signing_key.unlink()
    assert len(complaints(examine(works.context, repair=True), "artifacts")) == 1
    assert not works.layout.signing_key.exists()


def spoil(works: Works, sql: str) -> None:
    works.store.write(lambda transaction: transaction.execute(sql))


@pytest.mark.parametrize(
    ("sql", "check", "words"),
    [
        ("UPDATE files SET state = 'lost in space'", "files", "an unknown state"),
        ("DELETE FROM files", "files", "the ledger does not have"),
        ("UPDATE files SET version = 9", "files", "does not exist"),
        ("UPDATE aliases SET version = 9", "aliases", "does not exist"),
        ("DELETE FROM aliases", "aliases", "history says version 1"),
        ("DELETE FROM runs", "aliases", "belongs to r1"),
        ("UPDATE dataset_versions SET rows = 7", "versions", "parts hold 2"),
        ("DELETE FROM dataset_versions", "datasets", "lost all its versions"),
    ],
)
def test_metadata_that_disagrees_is_found_and_left_alone(works: Works, sql: str, check: str, words: str) -> None:
    spoil(works, sql)
    report = examine(works.context)
    assert any(words in found.detail for found in complaints(report, check))
    again = examine(works.context, repair=True)
    assert any(words in found.detail for found in complaints(again, check))
    assert not again.ok


def test_committed_and_quarantined(works: Works) -> None:
    works.deliver("flights", FileState.QUARANTINED, path="inbox/flights/f1.csv", sha256=_sha256(works))
    found = complaints(examine(works.context), "files")
    assert "f1" in found[0].detail
    assert "f2" in found[0].detail


def _sha256(works: Works) -> str:
    return str(works.store.read(lambda query: query.all("SELECT sha256 FROM files"))[0][0])


def test_quarantined_bytes_are_looked_for(works: Works) -> None:
    id = works.deliver("flights", FileState.QUARANTINED, sha256="ab" * 32)
    assert id in complaints(examine(works.context), "quarantine")[0].detail
    kept = works.layout.quarantine / "flights" / f"{'ab' * 6}-x.csv"
    kept.parent.mkdir()
    kept.write_bytes(b"x")
    assert not complaints(examine(works.context), "quarantine")


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("UPDATE datasets SET rows = 99", "datasets"),
        ("DELETE FROM datasets", "datasets"),
        ("UPDATE datasets SET version = 7, bytes = 0", "datasets"),
        ("UPDATE counters SET last = 0 WHERE kind = 'r'", "counters"),
        ("DELETE FROM counters", "counters"),
    ],
)
def test_what_can_be_derived_is_mended(works: Works, sql: str, check: str) -> None:
    before = works.store.read(lambda query: query.all("SELECT * FROM datasets"))
    spoil(works, sql)
    assert not examine(works.context).ok
    report = examine(works.context, repair=True)
    assert report.ok
    assert [found.repaired for found in complaints(report, check)] == [True]
    after = examine(works.context)
    assert after.ok
    assert not complaints(after, check)
    assert works.store.read(lambda query: query.all("SELECT * FROM datasets")) == before


def test_serving_is_told_again(works: Works) -> None:
    told = works.layout.serving / "late.json"
    good = told.read_text()
    for wrong in ("", good.replace('"version":1', '"version":8')):
        told.write_text(wrong)
        assert len(complaints(examine(works.context), "deployments")) == 1
    told.unlink()
    assert "does not know champion 1" in complaints(examine(works.context), "deployments")[0].detail
    assert examine(works.context, repair=True).ok
    assert told.exists()
    assert examine(works.context).ok


def test_a_newer_journal(works: Works) -> None:
    works.store._last_seq -= 1
    assert "the database ends at" in complaints(examine(works.context), "journal")[0].detail
    works.store._last_seq += 1


def test_a_torn_line_is_no_damage(works: Works) -> None:
    with _journal(works).open("ab") as file:
        file.write(b'0123abcd {"seq":99,"rows":[["files",{"id"')
    report = examine(works.context)
    assert report.ok
    assert any("1 line torn" in found.detail for found in report.findings)


def test_a_degraded_store(works: Works) -> None:
    works.store._unsynced = "disk full"
    assert "disk full" in complaints(examine(works.context), "store")[0].detail


def test_settings_that_cannot_be_used_are_told(works: Works) -> None:
    works.layout.settings.write_text("[intake]\nscan_seconds = -1\n")
    (found,) = complaints(examine(works.context), "settings")
    assert found.detail.startswith("workspace.toml cannot be used, so ")
    assert "intake.scan_seconds" in found.detail


def test_a_definition_that_cannot_be_read_is_told(works: Works) -> None:
    works.layout.definition("late").write_text("dataset = = 3\n")
    (found,) = complaints(examine(works.context), "definitions")
    assert "models/late.toml is not used" in found.detail


def test_open_rights_are_closed(works: Works) -> None:
    works.layout.private.chmod(0o755)
    works.layout.signing_key.chmod(0o640)
    works.layout.database.chmod(0o644)
    report = examine(works.context, repair=True)
    assert len(complaints(report, "rights")) == 3
    assert report.ok, [found for found in report.findings if not found.ok]
    assert stat.S_IMODE(works.layout.database.stat().st_mode) == 0o600
    assert stat.S_IMODE(works.layout.private.stat().st_mode) == 0o700
    assert examine(works.context).ok


def test_a_workspace_that_all_may_write(works: Works) -> None:
    works.layout.root.chmod(0o777)
    assert "everyone" in complaints(examine(works.context), "rights")[0].detail
    works.layout.root.chmod(0o755)


def test_leftovers_in_staging(works: Works) -> None:
    left = works.layout.staging / "train-j9-1-1"
    left.mkdir()
    age(left, 7200)
    assert len(complaints(examine(works.context), "staging")) == 1
    assert examine(works.context, repair=True).ok
    assert not left.exists()


def test_missing_drop_folder(works: Works) -> None:
    works.layout.score.rmdir()
    assert len(complaints(examine(works.context), "folders")) == 1
    assert examine(works.context, repair=True).ok
    assert works.layout.score.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_drop_folder_without_rights(works: Works) -> None:
    (works.layout.inbox / "flights").mkdir(mode=0o500)
    assert "flights" in complaints(examine(works.context), "folders")[0].detail


def test_disk(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(works.layout.root)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "1 MB are free" in complaints(examine(works.context), "disk")[0].detail


def test_lock(works: Works) -> None:
    works.layout.lock.unlink()
    assert "removed" in complaints(examine(works.context), "lock")[0].detail
    works.layout.lock.touch(mode=0o600)
    assert "is not held" in complaints(examine(works.context), "lock")[0].detail
