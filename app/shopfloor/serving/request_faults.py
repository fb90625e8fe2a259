"""Requests that got no prediction: counted in memory, and in the log within a second."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import StoreError
from shopfloor.domain.service import FaultCount, RequestFault
from shopfloor.domain.text import safe
from shopfloor.lake.inference_log import FaultLine
from shopfloor.serving.durable_log import DurableLog
from shopfloor.serving.problems import Problem

WINDOW = 1.0
"""Seconds within which the requests that end alike become one line; a killed process loses no more than those."""
_RETRY = 10.0
_KINDS = 1000
_MESSAGE = 300

_Key = tuple[str, int, RequestFault, str]


class RequestFaults:
    """Counts of requests to model versions in service. All methods run on the event loop."""

    def __init__(self, log: DurableLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._counts: dict[_Key, FaultCount] = {}
        self._writing: asyncio.Task[None] | None = None

    def add(self, model: str, version: int, problem: Problem) -> None:
        """Count a request that ended with `problem`; its message is kept, printable and cut."""
        fault, now = RequestFault.of_status(problem.status), self._clock.now()
        key = (model, version, fault, problem.code)
        known = self._counts.get(key)
        if known is not None:
            self._counts[key] = replace(known, count=known.count + 1, last_at=now)
        elif len(self._counts) < _KINDS:  # a log that cannot be written must not fill the memory
            message = safe(problem.message, _MESSAGE)
            self._counts[key] = FaultCount(fault=fault, code=problem.code, message=message, first_at=now, last_at=now)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def close(self) -> None:
        """Write what is counted."""
        if self._writing is not None:
            self._writing.cancel()
        await self._write()

    async def _write_soon(self) -> None:
        delay = WINDOW
        while self._counts:
            await asyncio.sleep(delay)
            delay = WINDOW if await self._write() else _RETRY
        self._writing = None

    async def _write(self) -> bool:
        """Whether the log took the counts; they are kept where it did not."""
        counts, self._counts = self._counts, {}
        lines = [FaultLine(fault=one, model=key[0], model_version=key[1]) for key, one in counts.items()]
        try:
            await self._log.append(lines)
        except StoreError:
            for key, one in counts.items():
                later = self._counts.get(key)
                kept = one if later is None else replace(later, count=later.count + one.count, first_at=one.first_at)
                self._counts[key] = kept
            return False
        return True
