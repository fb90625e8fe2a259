"""Posted and followed rows on their way in: durable first, then handed over as deliveries."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shopfloor.domain.errors import BusyError
from shopfloor.domain.names import is_name
from shopfloor.domain.numbers import count
from shopfloor.domain.streaming import StreamStatus
from shopfloor.intake.streaming.committer import Committer
from shopfloor.intake.streaming.entry import StreamSource
from shopfloor.intake.streaming.log import AppendAnswer, Post, StreamLog
from shopfloor.intake.streaming.roller import Roller
from shopfloor.runtime.context import Context

_BACKLOG_SECONDS = 2.0
_DISK_SECONDS = 30.0


class Inflow:
    """The logs of all datasets, their one writer, and what turns segments into deliveries."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._logs: dict[str, StreamLog] = {}
        self._pending = 0
        self._counting = threading.Lock()
        self._committer = Committer(self._log_of)
        self._roller = Roller(context, self._committer, self._logs)

    def start(self) -> None:
        """Learn what an earlier engine acknowledged, then begin."""
        for path in sorted(self._context.layout.streams.iterdir()):
            if path.is_dir() and is_name(path.name):
                self._log_of(path.name)
        self._committer.start()
        self._roller.start()

    def stop(self) -> None:
        """Make all durable and queue what was streamed for the next engine."""
        self._roller.stop()
        self._committer.stop()

    def submit(self, dataset: str, post: Post) -> Future[AppendAnswer]:
        """Add rows; whoever needs to know waits for the answer."""
        size = len(post.rows.payload)
        with self._counting:
            self._pending += size
        done = self._committer.submit(dataset, post)
        done.add_done_callback(lambda _: self._settled(dataset, size))
        return done

    def check_room(self, size: int) -> None:
        """Raise `BusyError` when so many bytes more are too much now."""
        limit = int(self._context.settings.stream.backlog_mb * (1 << 20))
        if self._backlog() + size > limit:
            raise BusyError(
                f"More than {limit >> 20} MB of rows are waiting to be ingested.",
                hint="Send the same post with the same key again later.",
                code="backlog",
                retry_after=_BACKLOG_SECONDS,
            )
        reserve = self._context.settings.intake.reserve_mb << 20
        # A segment is on the disk twice for a moment, and its part follows.
        if shutil.disk_usage(self._context.layout.streams).free - 3 * size < reserve:
            raise BusyError(
                "The disk has too little free space for more rows.",
                hint="Free some, then send the same post with the same key again.",
                code="disk",
                retry_after=_DISK_SECONDS,
            )

    def roll(self) -> None:
        """Hand over all rows, because somebody waits for them."""
        self._roller.roll()

    def waiting(self) -> int:
        """Segments that are in no delivery yet."""
        return self._roller.waiting()

    def source(self, dataset: str, dev: int, ino: int) -> StreamSource | None:
        """The place of the followed file that has, or had, this inode."""
        log = self._logs.get(dataset)
        return log.sources.get(f"{dev}:{ino}") if log is not None else None

    def sources(self, dataset: str) -> tuple[StreamSource, ...]:
        """Places of the followed files of a dataset."""
        log = self._logs.get(dataset)
        return tuple(log.sources.values()) if log is not None else ()

    def followed_datasets(self) -> list[str]:
        """Datasets of which files are or were followed."""
        return [dataset for dataset, log in list(self._logs.items()) if log.sources]

    def datasets(self) -> list[str]:
        """Datasets that rows were ever streamed to, by name."""
        return sorted(self._logs)

    def status(self, dataset: str) -> StreamStatus:
        """Where the stream of a dataset stands; of the files that are followed the follower knows."""
        log = self._logs[dataset]
        held = self._roller.held(dataset)
        sealed = list(log.sealed)
        return StreamStatus(
            dataset=dataset,
            position=log.position,
            open_rows=log.open.rows + sum(one.rows for one in sealed) + sum(one.rows for one in held),
            open_bytes=_bytes(log) + sum(one.bytes for one in held),
            segments=len(sealed) + len(held) + (log.last is not None),
            keys=len(log.keys),
            last_at=log.latest,
            waits_since=self._waits_since(log, [*(one.path for one in sealed), *(one.path for one in held)]),
        )

    def _waits_since(self, log: StreamLog, paths: Iterable[Path]) -> datetime | None:
        """When the oldest row was accepted that no delivery has; of rows in a file, when the last of them was."""
        times = [_changed(path) for path in paths]
        if log.last is not None:
            age = self._context.clock.monotonic() - log.open.first
            times.append(self._context.clock.now() - timedelta(seconds=age))
        return min((time for time in times if time is not None), default=None)

    def last_error(self, dataset: str) -> str:
        """Why rows of a dataset could not be handed over the last time; empty when they were."""
        return self._roller.errors.get(dataset, "")

    def _backlog(self) -> int:
        held = sum(one.bytes for dataset in list(self._logs) for one in self._roller.held(dataset))
        return self._pending + held + sum(_bytes(log) for log in list(self._logs.values()))

    def _settled(self, dataset: str, size: int) -> None:
        """On the writer's thread, after a post is safe or failed."""
        with self._counting:
            self._pending -= size
        log = self._logs.get(dataset)
        if log is not None:
            self._tell_damage(log)
            self._roller.nudge(log)

    def _log_of(self, dataset: str) -> StreamLog:
        log = self._logs.get(dataset)
        if log is None:
            log = StreamLog(dataset, self._context.layout.streams / dataset, self._context.clock)
            log.recover()
            self._logs[dataset] = log
            self._tell_damage(log)
        return log

    def _tell_damage(self, log: StreamLog) -> None:
        found, log.damage.damaged, log.damage.torn = (log.damage.damaged, log.damage.torn), 0, 0
        damaged, torn = found
        if damaged:
            self._emit(
                log.dataset,
                "stream.damaged",
                f"{count(damaged)} bytes of the stream of {log.dataset} are not readable; "
                "the segment is kept as .damaged",
                damaged,
            )
        if torn:
            self._emit(
                log.dataset, "stream.mended", f"{count(torn)} bytes of an unacknowledged post were dropped", torn
            )

    def _emit(self, dataset: str, kind: str, message: str, size: int) -> None:
        self._context.store.submit(lambda transaction: transaction.emit(kind, dataset, message, data={"bytes": size}))


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None  # it went on meanwhile


def _bytes(log: StreamLog) -> int:
    return log.open.bytes + sum(one.bytes for one in list(log.sealed))
