"""Asks the engine without holding up the screen, and without holding up quitting."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shopfloor.domain.errors import ShopfloorError, UnreachableError
from shopfloor.domain.requests.request import Request

if TYPE_CHECKING:
    from shopfloor.client.connection import EngineClient

R = TypeVar("R")
_THREADS = 3
_Call = tuple[Callable[[], Any], Callable[[Any, BaseException | None], None]]


class Connect(Protocol):
    """How to reach the engine of a workspace, starting one where none runs unless somebody stopped it."""

    def __call__(self, workspace: Path) -> EngineClient: ...


class AsyncClient:
    """A few daemon threads: the process may end while one of them waits for an answer.

    Textual's own thread workers are joined at exit, so that one slow answer would keep the user's
    shell waiting.
    """

    def __init__(self, workspace: Path, connect: Connect) -> None:
        self._workspace = workspace
        self._connect = connect
        self._client: EngineClient | None = None
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()  # None ends a thread
        self._started = 0

    def client(self) -> EngineClient:
        """The one client, connected (and an engine started) on first use; blocks."""
        with self._lock:
            if self._client is None:
                self._client = self._connect(self._workspace)
            return self._client

    def start_engine(self) -> None:
        """Start the engine, also after somebody stopped it; blocks."""
        from shopfloor.client.start import allow_start

        allow_start(self._workspace)
        self.disconnect()
        self.client()

    def disconnect(self) -> None:
        """Forget a client that does not answer; the next request connects again."""
        with self._lock:
            self._client = None

    def close(self) -> None:
        """The screen is gone: let each thread end once it has its answer."""
        for _ in range(self._started):
            self._calls.put(None)

    async def ask(self, request: Request[R], *, timeout: float = 30.0) -> R:
        """The engine's answer; raises `ShopfloorError`, whatever went wrong on the way."""
        return await self.run(lambda: self.client().ask(request, timeout=timeout))

    async def run(self, work: Callable[[], R]) -> R:
        """Run blocking work in a thread and give its result to the screen's loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def deliver(result: Any, error: BaseException | None) -> None:
            def settle() -> None:
                if future.done():
                    return
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(result)

            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:
                pass  # the screen is gone

        self._start_threads()
        self._calls.put((work, deliver))
        return await future

    def _start_threads(self) -> None:
        while self._started < _THREADS:
            self._started += 1
            threading.Thread(target=self._run_calls, name=f"client-{self._started}", daemon=True).start()

    def _run_calls(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                return
            work, deliver = call
            try:
                result = work()
            except UnreachableError as error:
                self.disconnect()
                deliver(None, error)
            except ShopfloorError as error:
                deliver(None, error)
            except Exception as error:  # noqa: BLE001 - the boundary of the thread: the asker gets the error
                deliver(None, unexpected(error))
            else:
                deliver(result, None)


def unexpected(error: Exception) -> ShopfloorError:
    """An error that nobody foresaw, in the shape that every screen can show."""
    return ShopfloorError(
        f"The response is invalid: {type(error).__name__}: {error}",
        hint="Reload with ctrl+r; if it persists, see .shopfloor/run/engine.log",
        code="unexpected",
    )
