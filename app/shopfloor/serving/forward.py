"""Posted rows on their way to the engine: it alone writes datasets, and its answer is the caller's."""

from __future__ import annotations

import asyncio
import http.client
import threading
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

from shopfloor.domain.wire import KEY_HEADER, PROTOCOL, PROTOCOL_HEADER, RETRY_HEADER, rows_path
from shopfloor.serving.problems import Problem
from shopfloor.workspace.connection import SocketConnection

THREADS = 16
"""Posts on their way at once. The engine makes those that wait together durable with one sync."""
_SECONDS = 30.0
_AGAIN = "Send the same post with the same key again: it is added once."


class Answered(NamedTuple):
    """The engine's answer as it came; `retry_after` in seconds as text, where it said so."""

    status: int
    body: bytes
    retry_after: str


class Forward:
    """Passes posts of rows on, over one kept connection a thread of `executor`."""

    def __init__(self, engine: Path, executor: Executor) -> None:
        self._engine = engine
        self._executor = executor
        self._local = threading.local()

    async def post(self, dataset: str, body: bytes, key: str) -> Answered:
        """The engine's answer. Raises `Problem` 503 when it gives none: then the rows may be in or not."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._post, dataset, body, key)

    def _post(self, dataset: str, body: bytes, key: str) -> Answered:
        # A kept connection ends with the engine that it led to; the key makes a second time safe.
        kept = getattr(self._local, "connection", None) is not None
        for last in (not kept, True):
            try:
                return self._send(dataset, body, key)
            except TimeoutError as error:
                self._close()
                raise _silent("The engine did not answer in time.") from error
            except (http.client.HTTPException, OSError) as error:
                self._close()
                if last:
                    raise _silent("The engine of this workspace does not run.") from error
        raise AssertionError("the last try answers or raises")

    def _send(self, dataset: str, body: bytes, key: str) -> Answered:
        connection: SocketConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = SocketConnection(self._engine, _SECONDS)
        headers = {"Content-Type": "application/x-ndjson", PROTOCOL_HEADER: PROTOCOL}
        if key:
            headers[KEY_HEADER] = key
        connection.request("POST", rows_path(dataset), body, headers)
        response = connection.getresponse()
        return Answered(response.status, response.read(), response.getheader(RETRY_HEADER, ""))

    def _close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _silent(why: str) -> Problem:
    return Problem(503, "engine", why, _AGAIN, headers={RETRY_HEADER: "2"})
