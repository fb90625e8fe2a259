"""When a logged prediction may be answered: the durability of the inference log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum

from shopfloor.domain.errors import StoreError
from shopfloor.lake.inference_log import LogRecord, encode_lines
from shopfloor.workspace.segment import SegmentWriter

WINDOW = 0.05
"""Seconds within which `batch` makes lines durable."""


class Durability(StrEnum):
    """`batch`: with the kernel before the answer, on the disk within 50 ms (a power cut may cost
    that much, a killed process nothing). `strict`: on the disk before the answer."""

    BATCH = "batch"
    STRICT = "strict"


class DurableLog:
    """The inference log as the event loop sees it. Syncs run in a thread, one at a time, and
    requests that wait for durability share them."""

    def __init__(self, writer: SegmentWriter, durability: Durability) -> None:
        self._writer = writer
        self.durability = durability
        self._waiting: list[asyncio.Future[None]] = []
        self._dirty = False
        self._syncing: asyncio.Task[None] | None = None
        self.failure = ""
        """Why the last write or sync failed; empty when it did not."""

    async def append(self, records: Sequence[LogRecord]) -> None:
        """Log `records`; raises `StoreError` when that failed, and then the answer must not go out."""
        if not records:
            return
        try:
            self._writer.append(encode_lines(records))
        except StoreError as error:
            self.failure = error.message
            raise
        self._dirty = True
        if self.durability is Durability.STRICT:
            done = asyncio.get_running_loop().create_future()
            self._waiting.append(done)
            self._start(0.0)
            await done
        else:
            self._start(WINDOW)

    async def close(self) -> None:
        """Make everything durable and seal the segment."""
        while self._syncing is not None:
            await self._syncing
        await asyncio.to_thread(self._writer.close)

    def _start(self, delay: float) -> None:
        if self._syncing is None:
            self._syncing = asyncio.get_running_loop().create_task(self._sync_until_clean(delay))

    async def _sync_until_clean(self, delay: float) -> None:
        try:
            while self._dirty:
                if delay:
                    await asyncio.sleep(delay)
                self._dirty = False
                waiting, self._waiting = self._waiting, []
                await self._sync(waiting)
        finally:
            self._syncing = None

    async def _sync(self, waiting: list[asyncio.Future[None]]) -> None:
        try:
            await asyncio.to_thread(self._writer.sync)
        except StoreError as error:
            self.failure = error.message
            for future in waiting:
                if not future.done():
                    future.set_exception(StoreError(error.message, hint=error.hint, code=error.code))
            return
        self.failure = ""
        for future in waiting:
            if not future.done():
                future.set_result(None)
