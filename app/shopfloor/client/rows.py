"""Add rows to a dataset: in posts that are each added once, however often they are sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from shopfloor.client.connection import EngineClient
from shopfloor.client.start import connect
from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.errors import BusyError, StoppedError, StoreError, UnreachableError
from shopfloor.domain.ids import ulid
from shopfloor.domain.record import Record
from shopfloor.domain.streaming import RowReject, RowsReceipt
from shopfloor.domain.wire import KEY_HEADER, rows_path

POST_ROWS = 5_000
POST_BYTES = 4 << 20
_POST_SECONDS = 30.0
_TIMEOUT_SECONDS = 60.0
_MAX_REPORTED = 100


class Appended(Record, frozen=True, kw_only=True):
    """What became of rows that were sent in `posts` posts.

    `rejects` are the first of the `rejected` rows; their lines count from the first row sent.
    `duplicates` are posts that had been added before. `position` is that of the last post.
    """

    dataset: str
    accepted: int = 0
    rejected: int = 0
    rejects: tuple[RowReject, ...] = ()
    notices: tuple[str, ...] = ()
    posts: int = 0
    duplicates: int = 0
    position: int = 0


class RowChunk(NamedTuple):
    """Whole lines for one post."""

    body: bytes
    lines: int


class Appender:
    """Posts rows to one dataset and waits, patiently, until each post is safe.

    A post whose answer was lost is sent again with its own key, also to an engine that was started
    meanwhile; a post that the engine defers is sent again later. After `timeout` seconds without success the last
    error is raised; then `done` says what is in.
    """

    def __init__(
        self,
        client: EngineClient,
        dataset: str,
        *,
        key: str = "",
        timeout: float = _TIMEOUT_SECONDS,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._key = key or ulid()
        self._timeout = timeout
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._lines = 0
        self.done = Appended(dataset=dataset)

    def add(self, chunk: RowChunk) -> RowsReceipt:
        """Send one post and wait for its answer."""
        receipt = self._post(chunk.body, f"{self._key}-{self.done.posts + 1}")
        moved = [msgspec.structs.replace(one, line=one.line + self._lines) for one in receipt.rejects]
        self._lines += chunk.lines
        self.done = msgspec.structs.replace(
            self.done,
            accepted=self.done.accepted + receipt.accepted,
            rejected=self.done.rejected + receipt.rejected,
            rejects=(*self.done.rejects, *moved)[:_MAX_REPORTED],
            notices=tuple(dict.fromkeys((*self.done.notices, *receipt.notices)))[:_MAX_REPORTED],
            posts=self.done.posts + 1,
            duplicates=self.done.duplicates + receipt.duplicate,
            position=receipt.position,
        )
        return receipt

    def _post(self, body: bytes, key: str) -> RowsReceipt:
        headers = {"Content-Type": "application/x-ndjson", KEY_HEADER: key}
        deadline = self._clock.monotonic() + self._timeout
        pause = 0.1
        while True:
            try:
                answer = self._client.post(rows_path(self.done.dataset), body, headers, _POST_SECONDS)
                return msgspec.json.decode(answer, type=RowsReceipt)
            except BusyError as error:
                self._wait(error, deadline, error.retry_after)
            except UnreachableError as error:
                self._wait(error, deadline, pause)
                self._start_engine()
            except StoreError as error:
                self._wait(error, deadline, pause)
            pause = min(pause * 2, 2.0)

    def _start_engine(self) -> None:
        try:
            connect(self._client.workspace).close()
        except StoppedError:
            raise
        except UnreachableError:
            pass  # the next post says so, until the patience ends

    def _wait(self, error: Exception, deadline: float, seconds: float) -> None:
        if self._clock.monotonic() + seconds > deadline:
            raise error
        self._sleep(seconds)


def chunks(lines: Iterable[bytes]) -> Iterator[RowChunk]:
    """Lines, each with its end, gathered into posts."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and (len(held) >= POST_ROWS or size + len(line) > POST_BYTES):
            yield RowChunk(b"".join(held), len(held))
            held, size = [], 0
        held.append(line)
        size += len(line)
    if held:
        yield RowChunk(b"".join(held), len(held))


def append(client: EngineClient, dataset: str, lines: Sequence[bytes] | Iterable[bytes], *, key: str = "") -> Appended:
    """Add all `lines`. With a `key` the same call may be repeated: what is in is not added again."""
    appender = Appender(client, dataset, key=key)
    for chunk in chunks(lines):
        appender.add(chunk)
    return appender.done
