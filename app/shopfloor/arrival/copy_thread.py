"""Large deliveries are copied in a thread of their own, so that no other drop folder waits for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from shopfloor.arrival.claimer import Batch, Settled
from shopfloor.domain.file import FilePurpose

Folder = tuple[FilePurpose, str]
Take = Callable[[], Settled]

# Copied and hashed in less than a tenth of a second, which nobody notices.
SMALL = 64 << 20


class _Load(NamedTuple):
    batch: Sequence[Batch]
    done: Future[Settled]


class CopyThread:
    """One thread that claims deliveries, one after the other; never two of one folder.

    It only claims; the watch handles the results when it asks for those that are `completed`.
    The thread is a daemon: a copy that is not recorded when the engine ends is made again by the next one.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._loads: dict[Folder, _Load] = {}
        self._work: queue.SimpleQueue[tuple[Take, Future[Settled]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, folder: Folder, batch: Sequence[Batch], take: Take) -> None:
        """Let the thread claim a batch."""
        done: Future[Settled] = Future()
        self._loads[folder] = _Load(batch, done)
        self._work.put((take, done))
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="copy", daemon=True)
            self._thread.start()

    def is_copying(self, folder: Folder) -> bool:
        """Whether something of this folder is being copied: what comes after it has to wait."""
        return folder in self._loads

    def paths(self) -> set[bytes]:
        """Raw paths of all that is being copied, whether its original still lies there or not."""
        return {one.raw for load in list(self._loads.values()) for one in load.batch}

    def completed(self) -> Iterator[tuple[Folder, Settled]]:
        """The results since the last call. Raises the error of a batch; the others follow at the next call."""
        for folder, load in list(self._loads.items()):
            if load.done.done():
                del self._loads[folder]
                yield folder, load.done.result()

    def join(self) -> bool:
        """Wait for all copies; False when there was none."""
        loads = list(self._loads.values())
        for load in loads:
            load.done.exception()
        return bool(loads)

    def close(self) -> None:
        """Take nothing more; a copy in work is not waited for."""
        self._work.put(None)

    def _loop(self) -> None:
        while (work := self._work.get()) is not None:
            take, done = work
            try:
                done.set_result(take())
            except BaseException as error:  # noqa: BLE001 - the boundary of the thread: the watch gets to know
                done.set_exception(error)
            self._wake()
