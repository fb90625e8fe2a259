"""A full disk under the store: what was acknowledged is there, what was not is not, and the same store goes on."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from tests.faults.disk import fill, small_disk
from tests.store.opening import open_store
from tests.store.test_together import revision

from shopfloor.domain.errors import StoreError
from shopfloor.store import revisions
from shopfloor.store.journal import Journal
from shopfloor.store.store import Store
from shopfloor.workspace import durable


def _revise(store: Store, number: int) -> None:
    store.write(lambda tx: revisions.put(tx, revision(number)))


def _revise_until_full(store: Store) -> list[int]:
    done: list[int] = []
    for number in range(2, 1000):
        try:
            _revise(store, number)
        except StoreError:
            return done
        done.append(number)
    raise AssertionError("the disk was never full")


def _known(store: Store) -> list[int]:
    return [one.revision for one in store.read(lambda query: revisions.listing(query, "d", 1000, 0)).rows][::-1]


@pytest.mark.parametrize("place", ["", "journal"])
@pytest.mark.parametrize("left", [0, 4096, 12288, 40960])
def test_a_full_disk_refuses_cleanly_and_the_store_goes_on(tmp_path: Path, place: str, left: int) -> None:
    (tmp_path / "journal").mkdir()
    with small_disk(tmp_path / place, 16):
        store = open_store(tmp_path)
        _revise(store, 1)
        ballast = fill(tmp_path / place, left)
        acknowledged = [1]
        acknowledged += _revise_until_full(store)
        assert _known(store) == acknowledged
        with pytest.raises(StoreError, match="could not be stored"):
            _revise(store, acknowledged[-1] + 1)
        assert _known(store) == acknowledged
        ballast.unlink()
        for number in range(len(acknowledged) + 1, len(acknowledged) + 4):
            _revise(store, number)
            acknowledged.append(number)
        assert not store.degraded
        store.close()
        again = open_store(tmp_path)
        assert _known(again) == acknowledged
        assert again.replayed == 0
        again.close()
        assert [entry.seq for entry in Journal(tmp_path / "journal").entries()] == acknowledged


def test_nothing_fails_after_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the folder's sync nor a listener makes a failure of what the database has."""
    store = open_store(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("shopfloor.store.database.fsync_directory", fail)
        patch.setattr(store, "_on_commit", fail)
        store._log_watch._inode = -1
        _revise(store, 1)
        assert "Input/output error" in store.degraded
    _revise(store, 2)
    assert not store.degraded
    assert _known(store) == [1, 2]
    store.close()


def test_what_the_journal_could_not_sync_is_not_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes the entry and fails to make it durable, while the transaction's last rows are written."""
    store = open_store(tmp_path)
    _revise(store, 1)
    sync, failing = os.fdatasync, [True]

    def fail_once(handle: int) -> None:
        if failing and failing.pop():
            raise OSError(5, "Input/output error")
        sync(handle)

    monkeypatch.setattr(os, "fdatasync", fail_once)
    with pytest.raises(StoreError, match="the journal cannot be written: Input/output error"):
        _revise(store, 2)
    assert _known(store) == [1]
    _revise(store, 2)
    store.close()
    again = open_store(tmp_path)
    assert (_known(again), again.replayed) == ([1, 2], 0)
    again.close()
    assert [entry.seq for entry in Journal(tmp_path / "journal").entries()] == [1, 2]


def test_a_store_that_cannot_be_opened_again_opens_by_itself_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its database is gone for a while, as with a disk that went away: every request says so, until it is back."""
    store = open_store(tmp_path)
    _revise(store, 1)
    monkeypatch.setattr("shopfloor.store.store._PAUSES", (0.0,))
    with monkeypatch.context() as patch:
        patch.setattr("shopfloor.store.database._open", _refuse)
        store._connection.close()
        for _ in range(2):
            with pytest.raises(StoreError, match="metadata store is closed"):
                _known(store)
            with pytest.raises(StoreError, match="metadata store is closed"):
                _revise(store, 2)
        assert store.degraded
    assert _known(store) == [1]
    _revise(store, 2)
    assert not store.degraded
    store.close()


def _refuse(path: Path) -> duckdb.DuckDBPyConnection:
    raise duckdb.IOException("IO Error: Input/output error")


@pytest.mark.parametrize("step", [1, 3, 7])
def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data[:step])))
    path = tmp_path / "x"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    durable.write_all(handle, b"0123456789")
    os.close(handle)
    assert path.read_bytes() == b"0123456789"
