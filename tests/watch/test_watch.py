"""The watch by itself: removal, correction, room, order, notices, files that never become complete."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.watch.yard import Yard

from shopfloor.arrival import claimer, removal
from shopfloor.arrival import watch as watching
from shopfloor.arrival.claim import Claimed
from shopfloor.arrival.scan import Observation
from shopfloor.arrival.settling import SettlingFiles
from shopfloor.domain.contract import Originals
from shopfloor.domain.errors import StoreError
from shopfloor.domain.file import FilePurpose, FileState
from shopfloor.domain.job import JobRecord
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.wire import WireError
from shopfloor.intake.job import IntakeHandler
from shopfloor.store import alerts, datasets, files
from shopfloor.store.transaction import Transaction


def table(first: int, count: int = 2) -> str:
    return "id\n" + "".join(f"k{n}\n" for n in range(first, first + count))


def contract(yard: Yard, text: str) -> None:
    yard.works.layout.contract("d").write_text(text)


def visible(yard: Yard) -> list[str]:
    return sorted(
        str(path.relative_to(yard.inbox)) for path in yard.inbox.rglob("*") if path.is_file() and path.name[0] != "."
    )


@pytest.mark.parametrize("originals", list(Originals))
def test_a_delivery_that_takes_the_place_of_a_committed_one_stays(
    yard: Yard, originals: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a path and its removal: the next delivery is neither archived unseen nor deleted."""
    yard.set(originals=originals)
    path = yard.drop("d/a.csv", table(0))
    yard.settle()
    rename = os.rename

    def slow(source: Any, target: Any) -> None:
        monkeypatch.setattr(removal.os, "rename", rename)
        beside = path.with_name(".new.part")
        beside.write_text(table(10))
        os.replace(beside, path)
        rename(source, target)

    monkeypatch.setattr(removal.os, "rename", slow)
    yard.work()
    if originals is Originals.KEEP:
        monkeypatch.undo()
        yard.drop("d/a.csv", table(10))
    assert path.read_text() == table(10)
    assert [name for name in os.listdir(path.parent) if name.startswith(".")] == []
    yard.settle()
    yard.work()
    assert set(yard.ids()) == {"k0", "k1", "k10", "k11"}
    yard.counts()


def test_an_original_that_a_kill_left_aside_is_moved_at_the_next_start(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = yard.drop("d/a.csv", table(0))
    yard.settle()

    def die(step: str) -> None:
        raise KeyboardInterrupt(step)

    monkeypatch.setattr(removal, "reach", die)
    with pytest.raises(KeyboardInterrupt):
        yard.work()
    monkeypatch.undo()
    assert not path.exists()
    yard.restart()
    yard.scan()
    assert os.listdir(path.parent) == []
    assert len(list(yard.works.layout.archive.rglob("*a.csv"))) == 1


def test_a_correction_is_told_though_the_first_was_still_on_its_way(yard: Yard) -> None:
    path = yard.drop("d/a.csv", table(0))
    yard.settle()
    path.write_text(table(1))  # claimed, not committed
    yard.settle()
    yard.work()
    first, second = (yard.context.store.read(lambda query, id=id: files.get(query, id)) for id in ("f1", "f2"))
    assert first is not None
    assert second is not None
    assert second.corrects == first.id
    version = yard.context.store.read(lambda query: datasets.version(query, "d", 2))
    assert version is not None
    assert any("1 of its 2 rows are now in twice" in notice for notice in version.notices)


def test_a_file_replaces_all_that_came_under_its_path(yard: Yard) -> None:
    for first in (0, 10, 20):
        if first == 20:
            contract(yard, '[arrival]\ncorrected = "supersede"\n')
        yard.drop("d/a.csv", table(first))
        yard.settle()
        yard.work()
    assert set(yard.ids()) == {"k20", "k21"}


def test_what_came_twice_in_one_delivery_is_held_together(yard: Yard) -> None:
    for name in ("a", "b"):
        yard.drop(f"d/{name}.csv", "id\n1,2,3\n")
    yard.settle()
    yard.work()
    assert set(yard.states().values()) == {FileState.QUARANTINED}
    yard.counts()


def test_a_time_in_the_future_and_a_second_name_are_told_in_the_version(yard: Yard) -> None:
    path = yard.drop("d/a.csv", table(0))
    os.utime(path, (4e9, 4e9))
    os.link(path, yard.inbox.parent / "other.csv")
    yard.settle()
    yard.work()
    version = yard.context.store.read(lambda query: datasets.version(query, "d", 1))
    assert version is not None
    assert any("is in the future" in notice for notice in version.notices)
    assert any("hard links" in notice for notice in version.notices)


def test_a_directory_that_is_moved_in_is_one_delivery(yard: Yard) -> None:
    aside = yard.inbox.parent / "aside"
    for number in range(3):
        target = aside / f"day=2026-01-0{3 - number}"
        target.mkdir(parents=True)
        (target / "part.csv").write_text(table(10 * number))
    (yard.inbox / "d").mkdir()
    aside.rename(yard.inbox / "d" / "batch")
    yard.settle()
    yard.work()
    assert list(yard.ids()) == ["k20", "k21", "k10", "k11", "k0", "k1"]  # by the dates in the paths
    assert set(yard.ids(column="day")) == {"2026-01-01", "2026-01-02", "2026-01-03"}


def test_without_room_files_wait_and_go_on_by_themselves(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [100 << 20]
    usage = shutil.disk_usage(yard.inbox)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=free[0]))
    yard.set(reserve_mb=200)
    yard.drop("d/a.csv", table(0))
    yard.settle()
    held = yard.files()["d/a.csv"]
    assert held.state is FileState.WAITING
    assert held.reason is not None
    assert held.reason.code == "disk"
    assert yard.counts().waiting == 1
    free[0] = 300 << 20
    yard.scan()
    yard.work()
    assert yard.states()["d/a.csv"] is FileState.COMMITTED


def test_of_files_that_do_not_fit_together_the_first_ones_are_taken(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(yard.inbox)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=(200 << 20) + 5000))
    for number in range(4):
        os.utime(yard.drop(f"d/{number}.csv", table(0, 1) + f"{number:01000d}\n"), (number, number))
    yard.settle()
    states = yard.states()
    assert [states[f"d/{number}.csv"] is FileState.STAGED for number in range(2)] == [True, True]
    yard.work()
    yard.scan()
    yard.scan()
    yard.work()
    assert set(yard.states().values()) == {FileState.COMMITTED}


def test_a_disk_that_fills_while_files_are_copied_refuses_none(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopfloor.arrival import claimer

    claim = claimer.claim

    def full(*given: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(claimer, "claim", full)
    yard.drop("d/a.csv", table(0))
    yard.settle()
    assert yard.states()["d/a.csv"] is FileState.WAITING
    monkeypatch.setattr(claimer, "claim", claim)
    yard.scan()
    yard.work()
    assert yard.states()["d/a.csv"] is FileState.COMMITTED


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("many", [1, 12])
def test_a_claim_whose_commit_nobody_knows_of_comes_in_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, many: int, committed: bool, answers: bool
) -> None:
    """The store fails at COMMIT or after it, and may not even answer what it holds then."""
    write, read = yard.context.store.write, yard.context.store.read

    def lost(change: Any) -> Any:
        if "Claimer" not in change.__qualname__:
            return write(change)
        monkeypatch.setattr(yard.context.store, "write", write)
        if not answers:
            monkeypatch.setattr(yard.context.store, "read", silent)
        if committed:
            write(change)
        raise StoreError("The store had to be reopened.")

    def silent(query: Any) -> Any:
        monkeypatch.setattr(yard.context.store, "read", read)
        raise StoreError("The store is closed.")

    for number in range(many):
        yard.drop(f"d/{number:02d}.csv", table(10 * number))
    monkeypatch.setattr(yard.context.store, "write", lost)
    try:
        yard.settle()
    except StoreError:
        assert not (committed and answers)
    yard.settle()
    yard.work()
    yard.settle()
    yard.work()
    assert sorted(yard.ids()) == sorted(f"k{10 * number + row}" for number in range(many) for row in range(2))
    assert set(yard.states().values()) == {FileState.COMMITTED}
    yard.counts()


def test_small_files_of_a_delivery_are_claimed_into_one(yard: Yard) -> None:
    good = {f"d/{number:02d}.csv": table(100 * number) for number in range(12)}
    bad = 'id,name\n1,"never closed\n'
    large = "id\n" + "".join(f"large{number}\n" for number in range(10_000))
    for path, content in {
        **good,
        "d/12-large.csv": large,
        "d/13-bad.csv": bad,
        "d/14-again.csv": good["d/03.csv"],
    }.items():
        yard.drop(path, content)
    yard.settle()
    staging = yard.works.layout.staging
    assert sorted(path.suffix for path in staging.iterdir()) == [".claim", ".claims"]
    yard.restart()  # what is waited for stays
    yard.work()
    states = yard.states()
    assert {path for path, state in states.items() if state is FileState.COMMITTED} == {*good, "d/12-large.csv"}
    assert states["d/14-again.csv"] is FileState.DUPLICATE
    assert states["d/13-bad.csv"] is FileState.QUARANTINED
    held = [path for path in (yard.works.layout.quarantine / "d").iterdir() if path.suffix == ".csv"]
    assert [path.read_text() for path in held] == [bad]
    assert not list(staging.iterdir())


def test_a_delivery_that_no_worker_survives_is_held_byte_for_byte(yard: Yard) -> None:
    contents = {f"d/{number:02d}.csv": table(100 * number) for number in range(12)}
    for path, content in contents.items():
        yard.drop(path, content)
    yard.settle()
    (job,) = yard.queued()
    error = WireError(code="worker_died", message="It died.")
    for _ in range(2):  # also when the commit is tried again
        with pytest.raises(Again):
            yard.context.store.write(partial(_failed_once, yard, job, error))
    yard.context.store.write(lambda transaction: IntakeHandler().failed(yard.context, transaction, job, error))
    assert set(yard.states().values()) == {FileState.QUARANTINED}
    held = yard.works.layout.quarantine / "d"
    assert sorted(path.read_text() for path in held.glob("*.csv")) == sorted(contents.values())
    assert not list(yard.works.layout.staging.iterdir())


class Again(Exception):
    """The transaction is rolled back."""


def _failed_once(yard: Yard, job: JobRecord, error: WireError, transaction: Transaction) -> None:
    IntakeHandler().failed(yard.context, transaction, job, error)
    raise Again


def test_a_delivery_of_known_files_leaves_no_copies(yard: Yard) -> None:
    for again in (False, True):
        for number in range(12):
            yard.drop(f"d/{number:02d}{'-again' if again else ''}.csv", table(100 * number))
        yard.settle()
        yard.work()
    assert yard.counts().duplicate == 12
    assert not list(yard.works.layout.staging.iterdir())


def test_a_disk_that_fills_in_the_middle_of_many_small_files_refuses_none(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shopfloor.arrival import claim, claimer

    left = [5]

    def full(*given: Any) -> Any:
        raise OSError(28, "No space left on device")

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if not left[0]:
            full()
        left[0] -= 1
        return os.pwrite(descriptor, data, offset)

    for number in range(12):
        yard.drop(f"d/{number:02d}.csv", table(100 * number))
    with monkeypatch.context() as patch:
        patch.setattr(claim, "os", type("Os", (), {**vars(os), "pwrite": staticmethod(pwrite)}))
        patch.setattr(claimer, "claim", full)  # of what is left, when it is fewer than are copied together
        yard.settle()
    found = list(yard.states().values())
    assert (found.count(FileState.STAGED), found.count(FileState.WAITING)) == (5, 7)
    yard.scan()
    yard.work()
    assert set(yard.states().values()) == {FileState.COMMITTED}
    assert not list(yard.works.layout.staging.iterdir())


def test_a_flood_in_one_dataset_keeps_no_other_waiting(yard: Yard) -> None:
    yard.set(batch_files=2, queued_batches=2)
    for number in range(9):
        os.utime(yard.drop(f"flood/{number}.csv", table(10 * number)), (number, number))
    yard.drop("small/a.csv", table(500))
    yard.settle()
    yard.scan()
    states = yard.states()
    assert states["small/a.csv"] is FileState.STAGED
    waiting = [path for path, state in states.items() if state is FileState.WAITING]
    assert sorted(waiting) == [f"flood/{number}.csv" for number in range(4, 9)]  # the oldest went first
    assert {yard.files()[path].reason.code for path in waiting} == {"backlog"}  # type: ignore[union-attr]
    told = len(yard.context.store.read(lambda query: query.all("SELECT 1 FROM events WHERE kind = 'file.waiting'")))
    for _ in range(5):
        yard.scan()
    assert told == len(
        yard.context.store.read(lambda query: query.all("SELECT 1 FROM events WHERE kind = 'file.waiting'"))
    )
    for _ in range(5):
        yard.work()
        yard.scan()
    assert set(yard.states().values()) == {FileState.COMMITTED}
    assert sum(yard.ids("flood").values()) == 18


def test_a_file_that_is_written_for_hours_is_told_once(yard: Yard) -> None:
    yard.set(stalled_minutes=30.0)
    path = yard.drop("d/a.csv", table(0))
    with path.open("a") as writer:
        yard.scan()
        yard.scan(seconds=60.0)
        if "open for writing" not in yard.watch.waits(_data(), "d/a.csv")[0]:
            pytest.skip("this file system gives no leases")
        yard.watch.report_stalled()
        assert yard.files()["d/a.csv"].reason is None
        yard.scan(seconds=1900.0)
        for _ in range(3):
            yard.watch.report_stalled()
        told = yard.files()["d/a.csv"]
        assert told.state is FileState.WAITING
        assert told.reason is not None
        assert "still being written" in told.reason.message
        yard.restart()  # another engine has not seen it for as long, and does not say that it is over
        yard.scan(seconds=60.0)
        yard.watch.report_stalled()
        assert [alert.state for alert in _alerts(yard)] == [AlertState.OPEN]
        writer.write("k9\n")
    assert [alert.state for alert in _alerts(yard)] == [AlertState.OPEN]
    assert "d/a.csv" in _alerts(yard)[0].message
    yard.settle()
    yard.work()
    yard.watch.report_stalled()
    assert yard.states()["d/a.csv"] is FileState.COMMITTED
    assert [alert.state for alert in _alerts(yard)] == [AlertState.RESOLVED]


def test_an_empty_file_waits_and_is_told_when_nobody_fills_it(yard: Yard) -> None:
    yard.set(stalled_minutes=30.0)
    yard.drop("d/a.csv", "")
    yard.settle()
    yard.work()
    assert yard.states() == {"d/a.csv": FileState.SETTLING}
    yard.scan(seconds=1900.0)
    yard.watch.report_stalled()
    told = yard.files()["d/a.csv"]
    assert told.state is FileState.WAITING
    assert told.reason is not None
    assert "empty (0 bytes)" in told.reason.message
    assert [alert.state for alert in _alerts(yard)] == [AlertState.OPEN]
    yard.drop("d/a.csv", table(0))
    yard.settle()
    yard.work()
    yard.watch.report_stalled()
    assert yard.files()["d/a.csv"].id == told.id, "the file that was filled is no other one"
    assert yard.states() == {"d/a.csv": FileState.COMMITTED}
    assert [alert.state for alert in _alerts(yard)] == [AlertState.RESOLVED]


def test_an_empty_file_that_is_removed_is_gone(yard: Yard) -> None:
    yard.drop("d/a.csv", "").unlink()
    path = yard.drop("d/b.csv", "")
    yard.settle()
    path.unlink()
    yard.scan()
    assert yard.states() == {"d/b.csv": FileState.DISCARDED}
    assert yard.counts().waiting == 0


@pytest.mark.parametrize("complete", ["marker", "manifest"])
def test_an_empty_file_that_its_sender_calls_complete_is_held(yard: Yard, complete: str) -> None:
    contract(yard, f'[arrival]\ncomplete = "{complete}"\nmarker = "_SUCCESS"\n')
    yard.drop("d/a.csv", "")
    yard.drop("d/_SUCCESS" if complete == "marker" else "d/a.csv.sha256", f"{hashlib.sha256().hexdigest()}  a.csv\n")
    yard.settle()
    yard.work()
    assert yard.states()["d/a.csv"] is FileState.QUARANTINED


def test_a_known_file_costs_no_record_at_the_next_start(yard: Yard) -> None:
    yard.set(originals=Originals.KEEP)
    for number in range(30):
        yard.drop(f"d/{number}.csv", table(10 * number))
    yard.settle()
    yard.work()
    before = yard.counts()
    yard.restart()
    yard.set(originals=Originals.KEEP)
    yard.settle()
    assert yard.counts() == before
    assert len(visible(yard)) == 30
    away = yard.inbox.parent / "away"
    (yard.inbox / "d").rename(away)  # a share that is not mounted for a moment
    yard.scan()
    away.rename(yard.inbox / "d")
    yard.settle()
    assert yard.counts() == before


def test_a_file_that_went_away_and_came_back_is_taken_in(yard: Yard, tmp_path: Path) -> None:
    path = yard.drop("d/a.csv", table(0))
    yard.scan()
    path.rename(tmp_path / "a.csv")
    yard.scan()
    assert yard.states()["d/a.csv"] is FileState.DISCARDED
    (tmp_path / "a.csv").rename(path)
    yard.restart()
    yard.settle()
    yard.work()
    assert set(yard.ids()) == {"k0", "k1"}
    yard.counts()


def _data() -> Any:
    from shopfloor.domain.file import FilePurpose

    return FilePurpose.DATA


def _alerts(yard: Yard) -> list[Any]:
    return list(
        yard.context.store.read(
            lambda query: alerts.listing(query, subject="d", state="", text="stalled", limit=10, offset=0)
        ).rows
    )


def test_a_large_delivery_keeps_no_other_waiting(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is copied others come in; what follows it in its folder waits, and says for what."""
    monkeypatch.setattr("shopfloor.arrival.watch.SMALL", 1000)
    go, really = threading.Event(), claimer.claim

    def slowly(root: Path, seen: Observation, staging: Path) -> Claimed:
        assert seen.size < 1000 or go.wait(20)
        return really(root, seen, staging)

    monkeypatch.setattr(claimer, "claim", slowly)
    yard.drop("d/large.csv", table(0, 1000))
    look(yard)
    yard.drop("d/small.csv", table(5000))
    yard.drop("e/other.csv", table(1))
    look(yard)
    assert yard.states() == {
        "d/large.csv": FileState.SETTLING,
        "d/small.csv": FileState.SETTLING,
        "e/other.csv": FileState.STAGED,
    }
    assert "is being copied" in yard.watch.waits(FilePurpose.DATA, "d/large.csv")[0]
    assert "earlier delivery" in yard.watch.waits(FilePurpose.DATA, "d/small.csv")[0]
    yard.counts()
    go.set()
    yard.settle()
    assert set(yard.states().values()) == {FileState.STAGED}
    yard.work()
    assert sum(yard.ids().values()) == 1002
    assert sum(yard.ids("e").values()) == 2
    assert visible(yard) == []


def test_an_original_that_is_put_away_during_a_look_did_not_vanish(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopfloor.arrival.watch.SMALL", 10)
    go, really, look_at = threading.Event(), claimer.claim, watching.scan
    monkeypatch.setattr(claimer, "claim", lambda *asked: really(*asked) if go.wait(20) else None)
    yard.drop("d/a.csv", table(0, 100))
    look(yard)

    def between(*asked: Any) -> list[Observation]:
        go.set()
        if yard.watch._copies.join():
            yard.work()  # the job is done, and its original in the archive, before the folder is listed
        return look_at(*asked)

    monkeypatch.setattr(watching, "scan", between)
    yard.scan()
    assert yard.states() == {"d/a.csv": FileState.COMMITTED}
    assert visible(yard) == []
    yard.drop("d/a.csv", table(200, 100))
    yard.settle()
    yard.work()
    assert sum(yard.ids().values()) == 200


def test_a_copy_that_fails_is_made_again(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopfloor.arrival.watch.SMALL", 10)
    yard.drop("d/a.csv", table(0, 100))
    yard.scan()
    with monkeypatch.context() as broken:
        broken.setattr(claimer.ledger, "claimed", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            yard.scan(seconds=7.0)
    assert list(yard.works.layout.staging.iterdir()) == []
    yard.settle()
    yard.work()
    assert sum(yard.ids().values()) == 100


def look(yard: Yard) -> None:
    """Two looks, a quiet time apart, that wait for nothing."""
    for _ in range(2):
        yard.clock.forward(seconds=7.0)
        yard.watch._scan()


def test_a_quiet_time_that_ends_during_a_look_is_due_at_once(yard: Yard) -> None:
    """The look began before its end: to wait for the longer time of files with a writer would be two seconds lost."""
    settling = SettlingFiles(yard.clock)
    path = yard.drop("d/a.csv")
    [seen] = [one for one in watching.scan(yard.inbox, FilePurpose.DATA, {}) if one.path == "d/a.csv"]
    key = (FilePurpose.DATA, seen.path)
    for pause in (0.0, 1.999):
        yard.clock.forward(seconds=pause)
        settling.begin(2.0)
        assert not settling.observe(key, seen, path.parent.parent).settled
    yard.clock.forward(seconds=0.05)  # so long the look takes
    assert settling.due_in() == pytest.approx(0.02)
    settling.begin(2.0)
    assert settling.observe(key, seen, path.parent.parent).settled
