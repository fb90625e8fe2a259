"""Snapshots are shared while nothing changed, and gone when nobody reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import RefusedError
from shopfloor.upkeep.snapshot import Snapshots, snapshots


def test_the_same_moment_is_copied_once(works: Works) -> None:
    shared = snapshots(works.store, works.layout, works.clock)
    assert shared is snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first, shared.lease() as second:
        assert first is second
    with shared.lease() as third:
        assert third is first
        assert third.seq == works.store.last_seq


def test_a_change_makes_a_new_copy(works: Works) -> None:
    shared = Snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first:
        works.release("late")
        with shared.lease() as second:
            assert second is not first
            assert second.seq > first.seq
        assert first.database.exists()
        assert second.database.exists()
    assert not first.folder.exists()
    assert second.database.exists()


def test_an_unread_old_copy_is_gone_at_once(works: Works) -> None:
    shared = Snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first:
        pass
    works.release("late")
    with shared.lease():
        assert not first.folder.exists()


def test_an_unchanged_database_is_never_copied_again(works: Works) -> None:
    shared = Snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first:
        pass
    works.clock.forward(seconds=3600)
    with shared.lease() as second:
        assert second is first


def test_a_change_without_an_event_shows_at_once(works: Works) -> None:
    shared = Snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first:
        pass
    seq = works.store.last_seq
    works.store.write(lambda transaction: transaction.execute("CREATE TABLE quiet AS SELECT 1 AS a"))
    assert works.store.last_seq == seq
    with shared.lease() as second:
        assert second is not first


def test_a_costly_copy_is_kept_longer(works: Works) -> None:
    shared = Snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first:
        pass
    first.cost = 3.0
    works.release("late")
    works.clock.forward(seconds=20)
    with shared.lease() as second:
        assert second is first
    works.clock.forward(seconds=20)
    with shared.lease() as third:
        assert third is not first


def test_a_swept_snapshot_is_made_again(works: Works) -> None:
    shared = Snapshots(works.store, works.layout, works.clock)
    with shared.lease() as first:
        pass
    shutil.rmtree(first.folder)
    with shared.lease() as second:
        assert second.database.exists()


def test_no_snapshot_on_a_full_disk(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(works.layout.root)._replace(free=1000)

    def full(path: Path) -> object:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(RefusedError) as caught, Snapshots(works.store, works.layout, works.clock).lease():
        pass
    assert caught.value.code == "disk"
    assert not list(works.layout.staging.iterdir())


def test_snapshots_are_private(works: Works) -> None:
    with Snapshots(works.store, works.layout, works.clock).lease() as snapshot:
        assert snapshot.folder.stat().st_mode & 0o077 == 0
