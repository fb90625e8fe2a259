from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.serving.builders import AT
from tests.waiting import until_async

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.errors import StoreError
from shopfloor.lake.inference_log import LogRecord, drain
from shopfloor.serving.durable_log import Durability, DurableLog
from shopfloor.workspace.segment import SegmentWriter
from shopfloor.workspace.segment_reader import segments


class Disk(SegmentWriter):
    """A segment writer whose syncs wait to be allowed, are counted, and may fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SystemClock())
        self.allowed = threading.Event()
        self.allowed.set()
        self.begun = self.syncs = 0
        self.broken = False

    def sync(self) -> None:
        self.begun += 1
        assert self.allowed.wait(10)
        self.syncs += 1
        if self.broken:
            raise StoreError("The disk is broken.")
        super().sync()


def record(number: int = 1) -> LogRecord:
    return LogRecord(association_id=f"{number}", at=AT, model="churn", model_version=1, prediction="yes")


async def test_strict_answers_only_after_the_sync(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    log = DurableLog(disk, Durability.STRICT)
    disk.allowed.clear()
    waiting = [asyncio.create_task(log.append([record(number)])) for number in range(50)]
    await until_async(lambda: disk.begun)
    assert not any(task.done() for task in waiting)
    disk.allowed.set()
    await asyncio.gather(*waiting)
    # Those who wait together are synced together.
    assert 1 <= disk.syncs <= 3
    await log.close()


async def test_a_failed_sync_fails_those_who_waited_for_it(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    log = DurableLog(disk, Durability.STRICT)
    disk.broken = True
    with pytest.raises(StoreError, match="broken"):
        await log.append([record()])
    assert log.failure == "The disk is broken."
    disk.broken = False
    await log.append([record(2)])
    assert log.failure == ""
    await log.close()


async def test_batch_answers_at_once_and_syncs_soon(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    log = DurableLog(disk, Durability.BATCH)
    for number in range(100):
        await log.append([record(number)])
    assert disk.syncs == 0
    # The lines are with the kernel already: another process reads them.
    [path] = segments(tmp_path)
    assert len(drain(path, 0).records) == 100
    await until_async(lambda: disk.syncs)
    assert disk.syncs == 1
    await log.close()


async def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    log = DurableLog(disk, Durability.BATCH)
    await log.append([record()])
    await log.close()
    assert disk.syncs >= 2
    await log.append([])
