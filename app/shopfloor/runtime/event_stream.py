"""The event stream: whoever waits for the next fact is woken by the commit that makes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from shopfloor.domain.event import Event


class EventStream:
    """Tells listeners that events were committed. The events themselves are read from the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[list[Event]], None]] = []
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def listen(self, listener: Callable[[list[Event]], None]) -> None:
        """Call `listener` after each commit, on the writer's thread: it must only signal."""
        with self._lock:
            self._listeners.append(listener)

    def publish(self, events: list[Event]) -> None:
        """Called by the store after a commit."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(events)
        self.nudge()

    def nudge(self) -> None:
        """Let all who wait check again, also when nothing was committed."""
        with self._lock:
            waiters = list(self._waiters)
        for loop, waiter in waiters:
            loop.call_soon_threadsafe(waiter.set)

    async def wait(self, seconds: float, ready: Callable[[], bool]) -> bool:
        """Wait for a commit after which `ready`; False when the time is over."""
        loop = asyncio.get_running_loop()
        waiter = asyncio.Event()
        entry = (loop, waiter)
        with self._lock:
            self._waiters.add(entry)
        deadline = loop.time() + seconds
        try:
            while not ready():
                waiter.clear()
                if ready():
                    break
                try:
                    await asyncio.wait_for(waiter.wait(), max(0.0, deadline - loop.time()))
                except TimeoutError:
                    return ready()
            return True
        finally:
            with self._lock:
                self._waiters.discard(entry)
