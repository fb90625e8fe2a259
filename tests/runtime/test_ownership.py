"""One owner a workspace, whoever looks for one meanwhile."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shopfloor.domain.errors import RefusedError
from shopfloor.runtime.ownership import Ownership


@contextmanager
def looking(lock: Path) -> Iterator[None]:
    """As clients do that ask whether there is an owner, over and over."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            handle = os.open(lock, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_SH)
            os.close(handle)

    lock.touch()
    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        yield
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_who_only_looks_is_no_owner(tmp_path: Path) -> None:
    lock = tmp_path / "owner.lock"
    with looking(lock):
        for _ in range(50):
            owner = Ownership.take(lock)
            assert json.loads(lock.read_text())["pid"] == os.getpid()
            owner.release()


def test_there_is_one_owner_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "owner.lock"
    owner = Ownership.take(lock)
    with pytest.raises(RefusedError, match=f"process {os.getpid()}"):
        Ownership.take(lock)
    owner.release()
    Ownership.take(lock).release()


def test_of_many_that_start_at_once_one_owns(tmp_path: Path) -> None:
    lock, owners, refused = tmp_path / "owner.lock", [], []
    ready = threading.Barrier(8)

    def start() -> None:
        ready.wait()
        try:
            owners.append(Ownership.take(lock))
        except RefusedError as error:
            refused.append(error)

    starts = [threading.Thread(target=start) for _ in range(8)]
    for one in starts:
        one.start()
    for one in starts:
        one.join()
    assert (len(owners), len(refused)) == (1, 7)
    owners[0].release()
