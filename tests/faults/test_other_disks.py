"""Disks that are small, have no inodes left, are read-only or several."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from shopfloor.domain.errors import ExitCode
from shopfloor.domain.requests.datasets import DatasetShow
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.workspace import Shutdown
from shopfloor.domain.status import DegradedCause
from tests.engine.harness import Shop
from tests.faults.disk import remount, small_disk, take_inodes
from tests.faults.test_full_disk import codes, ids, is_well, table
from tests.shell import Shell


def test_what_is_dropped_until_the_disk_is_full_comes_in_once_there_is_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24):
        shop = Shop(tmp_path / "disk/shop", intake__reserve_mb="4", engine__reserve_mb="2")
        try:
            pid, delivered = shop.pid(), 0
            while delivered < 200:
                try:
                    shop.write("inbox/d", f"{delivered}.csv", table(delivered, 40_000))
                except OSError:
                    break
                delivered += 1
            for partial in (shop.root / "inbox/d").glob(".*.part"):
                partial.unlink()
            shop.until(lambda: bool(codes(shop) & {DegradedCause.DISK_LOW, DegradedCause.DISK_FULL}))
            assert 0 < delivered < 200
            remount(tmp_path / "disk", "size=512m")
            shop.settle()
            assert is_well(shop)
            assert shop.pid() == pid
            assert shop.status().files.committed == shop.status().files.seen == delivered
            assert shop.client.ask(DatasetShow(name="d")).rows == 40_000 * delivered
        finally:
            shop.close()


def test_a_disk_without_inodes_is_full_and_work_goes_on_when_there_are_some(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64, inodes=2000):
        shop = Shop(tmp_path / "disk/shop", intake__reserve_mb="1", engine__reserve_mb="1")
        try:
            shop.write("inbox/d", "0.csv", table(0))
            shop.settle()
            before = sorted(ids(shop))
            taken = take_inodes(tmp_path / "disk", 1)
            with suppress(OSError):
                shop.write("inbox/d", "1.csv", table(1))
            shop.until(lambda: DegradedCause.DISK_FULL in codes(shop))
            (told,) = (one for one in shop.status().engine.degraded if one.code is DegradedCause.DISK_FULL)
            assert "no more files" in told.message
            assert sorted(ids(shop)) == before
            shop.client.ask(Shutdown())  # is heard all the same
            shop.until(lambda: not shop.alive())
            shutil.rmtree(taken)
            shop.start()
            shop.settle()
            assert is_well(shop)
            assert sorted(ids(shop)) == sorted(before + [f"k1-{n}" for n in range(20)])
        finally:
            shop.close()


def test_a_workspace_that_is_mounted_read_only_says_so_and_goes_on_when_it_is_not(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64):
        shell = Shell(tmp_path / "disk")
        pid = shell.open(engine__workers="1", intake__settle_seconds="0.2")
        shell("down")
        remount(tmp_path / "disk", "ro")
        for words in (["up"], ["dataset", "list"], ["wait"], ["config", "set", "engine.workers", "2"]):
            told = shell(*words, expect=None)
            assert told.returncode == ExitCode.REFUSED, (words, told)
            assert "is mounted read-only" in " ".join(told.stderr.split()), (words, told.stderr)
        remount(tmp_path / "disk", "rw")
        shell("up")
        assert shell.json("status")["engine"]["pid"] != pid
        shell("down")


def test_drop_folders_and_objects_on_disks_of_their_own(tmp_path: Path) -> None:
    """What is renamed elsewhere has to be copied here."""
    shop = Shop(tmp_path / "shop")
    try:
        shop.client.close()
        with small_disk(shop.root / "inbox", 32), small_disk(shop.root / ".shopfloor/objects", 32):
            devices = {os.stat(shop.root / place).st_dev for place in ("inbox", ".shopfloor/objects", "archive")}
            assert len(devices) == 3
            shop.write("inbox/d", "0.csv", table(0))
            shop.write("inbox/d", "bad.csv", "id,x\n1,2,3,4\n")
            shop.settle()
            assert len(ids(shop)) == 20
            states = sorted(file.state for file in shop.client.ask(FileList()).rows)
            assert states == ["committed", "quarantined"]
            assert list((shop.root / "inbox/d").iterdir()) == []
            assert [path.name for path in (shop.root / "archive").rglob("*0.csv")] != []
            shop.close()
    finally:
        shop.close()
