"""When open segments become deliveries: by size, rows or time, or because somebody waits."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from shopfloor.arrival import file_outcomes
from shopfloor.domain.contract import Originals
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.event import Event
from shopfloor.domain.failpoint import reach
from shopfloor.domain.text import safe
from shopfloor.intake.streaming import delivery
from shopfloor.intake.streaming.committer import Committer
from shopfloor.intake.streaming.delivery import LINES, Ready
from shopfloor.intake.streaming.entry import StreamSource
from shopfloor.intake.streaming.followed import note_followed
from shopfloor.intake.streaming.log import StreamLog
from shopfloor.runtime.context import Context
from shopfloor.store import files
from shopfloor.store.transaction import Transaction

_LOG = logging.getLogger("shopfloor.streaming")
_AT_REST = 3600.0
_ENDS = {"job.finished", "job.failed", "job.lost", "job.cancelled"}
_PAUSE = 1.0  # before what failed is tried again


class Roller:
    """One thread that sleeps until a segment is due."""

    def __init__(self, context: Context, committer: Committer, logs: dict[str, StreamLog]) -> None:
        self._context = context
        self._committer = committer
        self._logs = logs
        self._ready: dict[str, list[Ready]] = {}
        self._noted: dict[str, tuple[StreamSource, ...]] = {}
        self.errors: dict[str, str] = {}  # dataset to why its rows could not be handed over
        self._busy: set[str] = set()  # datasets whose last delivery is still being taken in
        self._resting = True
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="stream-roller", daemon=True)
        context.stream.listen(self._on_events)

    def start(self) -> None:
        """Take up what an earlier engine left, then watch the clock."""
        for dataset, log in self._logs.items():
            self._take_up(dataset, log)
        self._thread.start()

    def stop(self) -> None:
        """Hand over all there is: the jobs wait for the next engine."""
        self._wake.set()
        self._thread.join(timeout=10.0)
        self.roll(batching=False)

    def nudge(self, log: StreamLog) -> None:
        """Something was added. The thread is woken for the first rows and for a full segment only."""
        if self._resting or self._is_full(log):
            self._wake.set()

    def roll(self, *, batching: bool = True) -> None:
        """Seal and hand over everything, on the caller's thread."""
        with self._turn:
            for dataset in list(self._logs):
                self._try(dataset, batching=batching)

    def waiting(self) -> int:
        """Segments that are in no delivery yet."""
        logs = list(self._logs.values())
        segments = sum(len(log.sealed) + (log.last is not None) for log in logs)
        return segments + sum(len(ready) for ready in list(self._ready.values()))

    def held(self, dataset: str) -> list[Ready]:
        """Lines that wait for their turn to be delivered."""
        return list(self._ready.get(dataset, ()))

    def _loop(self) -> None:
        pause = 0.0
        while not self._context.stopping.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            self._resting = False
            try:
                pause = self._roll_due()
                self._resting = pause == _AT_REST
            except Exception as error:  # noqa: BLE001 - the boundary of the roller: the segments are safe, it is tried again
                _LOG.error("rolling failed, will be retried", exc_info=error)
                pause = _PAUSE

    def _roll_due(self) -> float:
        """Roll what is due; seconds until something is."""
        pause = _AT_REST
        with self._turn:
            for dataset, log in list(self._logs.items()):
                left = self._due_in(log)
                held = self._ready.get(dataset) and dataset not in self._busy
                if left <= 0 or log.sealed or held:
                    done = self._try(dataset, batching=True, seal=left <= 0)
                    pause = pause if done else min(pause, _PAUSE)
                elif log.last is not None:
                    pause = min(pause, left)
        return pause

    def _due_in(self, log: StreamLog) -> float:
        limits = self._context.settings.stream
        if log.last is None:
            return _AT_REST
        if self._is_full(log):
            return 0.0
        due = min(log.open.first + limits.age_seconds, log.open.last + limits.idle_seconds)
        return due - self._context.clock.monotonic()

    def _is_full(self, log: StreamLog) -> bool:
        limits = self._context.settings.stream
        return log.open.rows >= limits.roll_rows or log.open.bytes >= limits.roll_mb * (1 << 20)

    def _try(self, dataset: str, *, batching: bool, seal: bool = True) -> bool:
        """Roll one dataset; one that fails does not hold up the others."""
        try:
            self._roll_one(dataset, batching=batching, seal=seal)
        except (ShopfloorError, OSError) as error:
            _LOG.warning("%s could not be rolled, will be retried: %s", dataset, error)
            self.errors[dataset] = safe(str(error), 200)
            return False
        self.errors.pop(dataset, None)
        return True

    def _roll_one(self, dataset: str, *, batching: bool, seal: bool) -> None:
        log = self._logs[dataset]
        if seal and log.last is not None:
            self._committer.seal(dataset)
        ready = self._ready.setdefault(dataset, [])
        for sealed in list(log.sealed):
            lines = delivery.write_lines(log, sealed)
            if lines is not None:
                ready.append(lines)
            if sealed in log.sealed:
                log.sealed.remove(sealed)
        self._hand_over(dataset, log, ready, batching)

    def _hand_over(self, dataset: str, log: StreamLog, ready: list[Ready], batching: bool) -> None:
        sources = tuple(log.generations.values())
        noted = self._noted.get(dataset) == sources
        if noted and (not ready or (batching and dataset in self._busy)):
            return

        def change(transaction: Transaction) -> bool:
            if not noted:
                fresh = [source for source in sources if source not in self._noted.get(dataset, ())]
                note_followed(transaction, self._context.layout, dataset, fresh)
            return not ready or delivery.deliver(transaction, dataset, ready, batching=batching)

        reach("stream.deliver")
        self._busy.discard(dataset)
        if self._context.store.write(change):
            ready.clear()
        else:
            self._busy.add(dataset)
        self._noted[dataset] = sources
        reach("stream.delivered")

    def _take_up(self, dataset: str, log: StreamLog) -> None:
        """Lines that a killed engine left: undelivered ones wait, those of ended jobs go to the archive."""
        left = [path for path in sorted(log.directory.glob(f"*{LINES}")) if not self._is_done(dataset, path)]
        segments = {sealed.path.with_suffix(LINES) for sealed in log.sealed}
        fresh = [path for path in left if path not in segments]
        known = self._context.store.read(lambda query: [delivery.is_known(query, dataset, path) for path in fresh])
        self._ready[dataset] = [delivery.found(path) for path, seen in zip(fresh, known, strict=True) if not seen]

    def _is_done(self, dataset: str, path: Path) -> bool:
        row = self._context.store.read(lambda query: files.at_path(query, delivery.ledger_path(dataset, path)))
        if row is None or row.file.state.unsettled:
            return False
        if self._context.settings.intake.originals is not Originals.KEEP:
            file_outcomes.clear(self._context, row, kept=False)
        return True

    def _on_events(self, events: list[Event]) -> None:
        ended = {event.subject for event in events if event.kind in _ENDS}
        if ended & self._busy:
            self._busy -= ended
            self._wake.set()
