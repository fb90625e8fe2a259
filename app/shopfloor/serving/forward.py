"""Posted rows on their way to the engine: it alone writes datasets, and its answer is the caller's."""

from __future__ import annotations

import asyncio
import http.client
from concurrent.futures import Executor
from pathlib import Path

from shopfloor.domain.wire import KEY_HEADER, RETRY_HEADER, rows_path
from shopfloor.serving.problems import Problem
from shopfloor.workspace.connection import Answered, KeptConnections

THREADS = 16
"""Posts on their way at once. The engine makes those that wait together durable with one sync."""
_SECONDS = 30.0
_AGAIN = "Send the same post with the same key again: it is added once."


class Forward:
    """Passes posts of rows on, over one kept connection a thread of `executor`."""

    def __init__(self, engine: Path, executor: Executor) -> None:
        self._engine = KeptConnections(engine)
        self._executor = executor

    async def post(self, dataset: str, body: bytes, key: str) -> Answered:
        """The engine's answer. Raises `Problem` 503 when it gives none: then the rows may be in or not."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._post, dataset, body, key)

    def _post(self, dataset: str, body: bytes, key: str) -> Answered:
        headers = {"Content-Type": "application/x-ndjson"}
        if key:
            headers[KEY_HEADER] = key
        try:
            return self._engine.post(rows_path(dataset), body, headers, _SECONDS)  # the key makes a second time safe
        except TimeoutError as error:
            raise _silent("The engine did not answer in time.") from error
        except (http.client.HTTPException, OSError) as error:
            raise _silent("The engine of this workspace is not running.") from error


def _silent(why: str) -> Problem:
    return Problem(503, "engine", why, _AGAIN, headers={RETRY_HEADER: "2"})
