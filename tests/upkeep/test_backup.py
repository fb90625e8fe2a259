"""Backups are complete, verified, private and few."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import msgspec
import pytest
from tests.engine.harness import Shop
from tests.upkeep.works import Works, age

from shopfloor.domain.errors import IntegrityError, RefusedError, UnreachableError
from shopfloor.domain.requests.workspace import Backup
from shopfloor.store.copies import inspect
from shopfloor.store.store import Store
from shopfloor.upkeep.backup import backups, make_backup
from shopfloor.workspace.layout import Layout


def test_a_backup_holds_everything(works: Works) -> None:
    works.commit("flights", [works.flights("Oslo")])
    report = make_backup(works.context)
    path = Path(report.path)
    assert path.parent == works.layout.backups
    assert path.name.endswith(f"Z-{report.seq}.duckdb")
    assert (report.bytes, report.seq) == (path.stat().st_size, works.store.last_seq)
    assert path.stat().st_mode & 0o777 == 0o600
    held = inspect(path)
    assert (held.seq, held.workspace, held.counters.get("f", 0)) == (report.seq, "w", 0)
    with duckdb.connect(str(path), read_only=True) as copy:
        assert copy.execute("SELECT name, version FROM datasets").fetchall() == [("flights", 1)]
    assert list(works.layout.backups.iterdir()) == [path]


def test_the_store_goes_on_after_a_backup(works: Works) -> None:
    before = make_backup(works.context)
    works.release("late")
    works.clock.forward(seconds=1)
    after = make_backup(works.context)
    assert after.seq > before.seq
    assert [path.name for path in backups(works.layout)] == [Path(after.path).name, Path(before.path).name]


def test_only_the_newest_are_kept(works: Works) -> None:
    settings = works.context.settings
    retention = msgspec.structs.replace(settings.retention, backups=3)
    works.context.settings = msgspec.structs.replace(settings, retention=retention)
    made = []
    for _ in range(5):
        works.clock.forward(hours=1)
        made.append(Path(make_backup(works.context).path))
    assert backups(works.layout) == made[:1:-1]


def test_what_a_killed_engine_left_is_swept_but_not_what_runs(works: Works) -> None:
    old, young = (works.layout.backups / f".metadata-{name}.duckdb" for name in ("old", "young"))
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    age(old, 7200)
    make_backup(works.context)
    assert not old.exists()
    assert young.exists()


def test_a_copy_that_reads_back_otherwise_is_not_kept(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_to = Store.copy_to

    def short(store: Store, target: Path) -> int:
        return copy_to(store, target) + 1

    monkeypatch.setattr(Store, "copy_to", short)
    with pytest.raises(IntegrityError):
        make_backup(works.context)
    assert list(works.layout.backups.iterdir()) == []


def test_no_backup_on_a_full_disk(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(works.layout.root)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(RefusedError):
        make_backup(works.context)


def test_damage_is_noticed(works: Works, tmp_path: Path) -> None:
    for number in range(300):
        works.store.write(lambda t, n=number: t.emit("x.y", "z", "m" * 200 + str(n), data={}))  # type: ignore[misc]
    report = make_backup(works.context)
    good = Path(report.path).read_bytes()
    broken = tmp_path / "broken.duckdb"
    for junk in (b"", b"not a database", good[: len(good) // 2]):
        broken.write_bytes(junk)
        with pytest.raises(IntegrityError):
            inspect(broken)
    noticed = 0
    for position in range(12_288 + 100, len(good), len(good) // 15):
        broken.write_bytes(good[:position] + bytes([good[position] ^ 255]) + good[position + 1 :])
        try:
            noticed += inspect(broken) != inspect(Path(report.path))
        except IntegrityError:
            noticed += 1
    assert noticed > 0


def test_a_kill_in_a_backup_leaves_the_earlier_ones_and_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", "backup.copied:2:kill")
    shop = Shop(tmp_path / "shop")
    try:
        shop.write("inbox/d", "0.csv", "id\n1\n")
        shop.settle()
        kept = Path(shop.client.ask(Backup()).path)
        with pytest.raises(UnreachableError):
            shop.client.ask(Backup())
        monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
        shop.start()
        assert backups(Layout(shop.root)) == [kept]
        assert inspect(kept).rows > 0
        assert shop.status().files.committed == 1
        assert Path(shop.client.ask(Backup()).path) != kept
    finally:
        shop.close()
