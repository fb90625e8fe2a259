"""One thread that makes posts durable: those that wait for the same log share one sync."""

from __future__ import annotations

import logging
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from shopfloor.domain.errors import StoreError
from shopfloor.intake.streaming.log import AppendAnswer, Post, Sealed, StreamLog

_LOG = logging.getLogger("shopfloor.streaming")
_TOGETHER = 32 << 20  # bytes that one sync may cover, so that the first of them does not wait long


@dataclass
class _Write:
    """A post on its way to the disk."""

    dataset: str
    post: Post
    done: Future[AppendAnswer] = field(default_factory=Future)


@dataclass
class _Seal:
    """A request to end the open segment of a dataset."""

    dataset: str
    done: Future[list[Sealed]] = field(default_factory=Future)


class Committer:
    """The only writer of all logs. `log_of` makes or finds the log of a dataset, on its thread."""

    def __init__(self, log_of: Callable[[str], StreamLog]) -> None:
        self._log_of = log_of
        self._queue: queue.SimpleQueue[_Write | _Seal | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="stream-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued and end."""
        self._queue.put(None)
        self._thread.join(timeout=10.0)

    def submit(self, dataset: str, post: Post) -> Future[AppendAnswer]:
        """Add a post; the answer comes when it is safe."""
        work = _Write(dataset, post)
        self._queue.put(work)
        return work.done

    def seal(self, dataset: str) -> list[Sealed]:
        """End the open segment; all sealed ones of the dataset."""
        work = _Seal(dataset)
        self._queue.put(work)
        return work.done.result()

    def _loop(self) -> None:
        while (first := self._queue.get()) is not None:
            works, last = self._gather(first)
            self._write(works)
            if last:
                return

    def _gather(self, first: _Write | _Seal) -> tuple[list[_Write | _Seal], bool]:
        """What waits already, up to a size; and whether the end was reached."""
        works, size = [first], _size(first)
        while size < _TOGETHER:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                break
            if work is None:
                return works, True
            works.append(work)
            size += _size(work)
        return works, False

    def _write(self, works: Sequence[_Write | _Seal]) -> None:
        grouped: dict[str, list[_Write]] = defaultdict(list)
        for work in works:
            if isinstance(work, _Write):
                grouped[work.dataset].append(work)
        for dataset, writes in grouped.items():
            self._write_one(dataset, [write for write in writes if write.done.set_running_or_notify_cancel()])
        for work in works:
            if isinstance(work, _Seal):
                self._seal_one(work)

    def _write_one(self, dataset: str, writes: list[_Write]) -> None:
        """Write what nobody has cancelled; from here on none of it can be cancelled."""
        try:
            answers = self._log_of(dataset).write([write.post for write in writes])
        except Exception as error:  # noqa: BLE001 - the boundary of the writer thread: those who wait get the error
            for write in writes:
                write.done.set_exception(_store_error(error))
            return
        for write, answer in zip(writes, answers, strict=True):
            write.done.set_result(answer)

    def _seal_one(self, work: _Seal) -> None:
        try:
            log = self._log_of(work.dataset)
            log.seal()
        except Exception as error:  # noqa: BLE001 - the boundary of the writer thread: the roller tries again
            work.done.set_exception(_store_error(error))
        else:
            work.done.set_result(list(log.sealed))


def _size(work: _Write | _Seal) -> int:
    return len(work.post.rows.payload) if isinstance(work, _Write) else 0


def _store_error(error: Exception) -> StoreError:
    """A fresh error for each who waits; an unexpected one is in the log."""
    if isinstance(error, StoreError):
        return StoreError(error.message, hint=error.hint, code=error.code)
    _LOG.error("the stream could not be written", exc_info=error)
    return StoreError(
        "The rows could not be stored.",
        hint="Send them again with the same key. See the engine's log.",
        code="stream_failed",
    )
