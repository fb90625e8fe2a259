"""The watch over the drop folders: scan, settle, claim, hand over to jobs."""

from __future__ import annotations

import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from shopfloor.domain.contract import Completeness
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.status import WatcherStatus
from shopfloor.engine import delivered
from shopfloor.engine.context import Context
from shopfloor.engine.jobs.floor import WorkFloor
from shopfloor.engine.watch import custody, ledger
from shopfloor.engine.watch.arrivals import Arrivals
from shopfloor.engine.watch.claiming import BACKLOG, Batch, Claiming
from shopfloor.engine.watch.settling import SettlingFiles
from shopfloor.engine.watch.watcher import Health, Watcher
from shopfloor.intake.candidate import Kind
from shopfloor.intake.companion import Standing, is_companion, standing
from shopfloor.intake.partition import moment
from shopfloor.intake.scan import Observation, scan
from shopfloor.store import files

_LOG = logging.getLogger("shopfloor.watch")
_SOON = 0.2
_EARLIEST = datetime.fromisoformat("0001-01-01")
Identity = tuple[int, int, int, int, int]


class Known(NamedTuple):
    """What the ledger says about a path, kept in memory so that a quiet scan asks the database nothing."""

    id: str
    identity: Identity
    open: bool


class Watch:
    """One thread that looks at every drop folder: at a hint, when a file is due, and every few seconds."""

    def __init__(
        self, context: Context, floor: WorkFloor, is_followed: Callable[[FilePurpose, Observation], bool]
    ) -> None:
        self._is_followed = is_followed
        self._context = context
        self._floor = floor
        self._wake = threading.Event()
        self._turn = threading.Lock()
        self._watcher = Watcher(context.clock, self._wake.set)
        self._settling = SettlingFiles(context.clock)
        self._roots = {purpose: custody.root_of(context.layout, purpose) for purpose in FilePurpose}
        self._seen: dict[FilePurpose, dict[str, Observation]] = {purpose: {} for purpose in FilePurpose}
        self._known: dict[bytes, Known] = {}
        self._health = Health(False, "starting")
        self._last_scan: tuple[datetime, float] | None = None
        self._settings_stamp = 0
        self._soon = 0.0
        self._finished = False
        self._stalled: set[str] = set()
        self._more = False  # settled files are left for the next scan
        self._arrivals = Arrivals(context.layout)
        self._claiming = Claiming(context, self._roots, self._arrivals)
        self._thread = threading.Thread(target=self._loop, name="watch", daemon=True)

    def start(self) -> None:
        """Load the ledger and begin."""
        self._load()
        self._thread.start()

    def stop(self) -> None:
        """End after the current scan."""
        self._wake.set()
        self._thread.join(timeout=5.0)
        self._watcher.close()

    def scan_now(self) -> None:
        """One whole scan on the caller's thread; when it returns, the ledger knows every file that is there."""
        with self._turn:
            self._scan()
        self._wake.set()

    def status(self) -> WatcherStatus:
        """How new files are noticed."""
        scanned = self._last_scan
        return WatcherStatus(
            backend="inotify" if self._health.healthy else "scan",
            healthy=self._health.healthy,
            scan_seconds=self._context.settings.intake.scan_seconds,
            last_scan_at=scanned[0] if scanned else None,
            last_scan_ms=scanned[1] if scanned else None,
            detail=self._health.detail,
        )

    def _load(self) -> None:
        unsettled = [FileState.SETTLING, FileState.WAITING]
        rows = self._context.store.read(lambda query: files.in_states(query, unsettled))
        waiting = {row.file.id for row in rows if row.staged is None}  # a claimed one waits for its contract
        for id, raw, *identity in self._context.store.read(files.known):
            self._known[bytes(raw)] = Known(id, _stored(identity), id in waiting)

    def _loop(self) -> None:
        while not self._context.stopping.is_set():
            try:
                with self._turn:
                    self._health = self._tend()
                    self._scan()
            except Exception:  # noqa: BLE001 - the boundary of the watch: a bad moment must not end intake
                _LOG.exception("the scan failed; it is tried again")
            self._wake.wait(min(self._context.settings.intake.scan_seconds, self._soon or 1e9))
            self._wake.clear()

    def _tend(self) -> Health:
        self._reload_settings()
        if not self._context.settings.intake.watch:
            return Health(False, "switched off: intake.watch = false")
        folders = list(self._roots.values())
        for root in self._roots.values():
            folders += [Path(entry.path) for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
        return self._watcher.tend(folders)

    def _reload_settings(self) -> None:
        try:
            stamp = self._context.layout.settings.stat().st_mtime_ns
        except OSError:
            return
        if stamp != self._settings_stamp:
            self._settings_stamp = stamp
            self._context.reload_settings()
        self._settling.quiet_seconds = self._context.settings.intake.settle_seconds

    def _scan(self) -> None:
        begun = self._context.clock.monotonic()
        present: set[bytes] = set()
        fresh: list[tuple[FilePurpose, Observation, bytes]] = []
        settled: dict[tuple[FilePurpose, str], list[tuple[Observation, bytes, Standing]]] = defaultdict(list)
        left: list[str] = []
        self._arrivals.begin()
        for purpose, root in self._roots.items():
            observed = scan(root, purpose, self._seen[purpose])
            self._seen[purpose] = {seen.path: seen for seen in observed}
            prefix = os.fsencode(root)
            for seen in observed:
                if seen.kind is Kind.IGNORED or is_companion(self._arrivals.of(purpose, seen.name), seen.path):
                    continue
                raw = ledger.raw_path(prefix, seen)
                present.add(raw)
                known = self._known.get(raw)
                if known is not None and not known.open and known.identity == _identity(seen):
                    left += [known.id] if not self._finished else []
                    continue
                if self._is_followed(purpose, seen):
                    present.discard(raw)
                    continue
                if known is None or not known.open:
                    fresh.append((purpose, seen, raw))
                if seen.kind is Kind.CANDIDATE and (ready := self._ready(purpose, seen, root)) is not None:
                    settled[purpose, seen.name].append((seen, raw, ready))
        self._finish(left)
        self._note_fresh(fresh)
        self._tell_stalled()
        self._forget_vanished(present)
        self._more = False
        folders = self._settling.by_folder() if settled else {}
        for (purpose, dataset), found in settled.items():
            if self._settling.others_follow(folders[purpose, dataset], {seen.path for seen, *_ in found}):
                continue
            ages = (self._settling.waits((purpose, seen.path))[1] for seen, *_ in found)
            batch = [
                Batch(self._known[raw].id, seen, raw, self._seen[purpose].get(ready.digest), age)
                for (seen, raw, ready), age in zip(found, ages, strict=True)
            ]
            self._hand_over(purpose, dataset, batch)
        self._plan_next()
        self._last_scan = (self._context.clock.now(), round(1000 * (self._context.clock.monotonic() - begun), 2))

    def _finish(self, left: list[str]) -> None:
        """The first scan of an engine: files that are done with, and that a killed engine did not move away."""
        if left:
            delivered.finish(self._context, self._context.store.read(lambda query: files.ledger(query, left)))
        self._finished = True

    def _ready(self, purpose: FilePurpose, seen: Observation, root: Path) -> Standing | None:
        """What lets the file in now: its companion, or that it has been quiet; None while nothing does."""
        state = self._settling.observe((purpose, seen.path), seen, root)
        arrival = self._arrivals.of(purpose, seen.name)
        found = standing(arrival, seen, self._seen[purpose])
        if not found.ready:
            self._settling.say((purpose, seen.path), found.waiting)
            return None
        if found.digest and self._differs(purpose, seen, found.digest):
            return None
        return found if state.settled or arrival.complete is Completeness.MARKER else None

    def _differs(self, purpose: FilePurpose, seen: Observation, digest: str) -> bool:
        """Whether the file is known not to be what its companion says, and may still be arriving."""
        age = self._settling.waits((purpose, seen.path))[1]
        if not self._claiming.differs(seen, self._seen[purpose].get(digest), age):
            return False
        self._settling.say(
            (purpose, seen.path), f"its content is not what {Path(digest).name} says; it may not be whole"
        )
        return True

    def _tell_stalled(self) -> None:
        """Files that somebody has kept open for long say so in the ledger, once, and go on waiting."""
        limit = 60.0 * self._context.settings.intake.stalled_minutes
        for (purpose, path), seconds in self._settling.written_for(limit):
            known = self._known.get(os.fsencode(self._roots[purpose]) + b"/" + os.fsencode(path))
            if known is None or known.id in self._stalled:
                continue
            self._stalled.add(known.id)
            reason = Reason(
                code="still_written",
                message=f"Another program has had it open for writing for {seconds / 60:.0f} minutes.",
                hint="End that program, or deliver a finished copy under another name.",
            )
            self._wait([known.id], reason)

    def _wait(self, ids: list[str], why: Reason) -> None:
        self._context.store.write(lambda transaction: ledger.waiting(transaction, ids, why))

    def waits(self, purpose: FilePurpose, path: str) -> tuple[str, float]:
        """What a file on its way waits for, in words, and for how many seconds it has been known."""
        return self._settling.waits((purpose, path))

    def _plan_next(self) -> None:
        waits = [wait for root in self._roots.values() if (wait := self._settling.due_in(root)) is not None]
        self._soon = min([*waits, *([_SOON] if self._more else [])], default=0.0)

    def _note_fresh(self, fresh: list[tuple[FilePurpose, Observation, bytes]]) -> None:
        if not fresh:
            return
        if any(seen.kind is Kind.CANDIDATE for _, seen, _ in fresh):
            self._floor.warm()  # the workers start while the files settle
        for row in self._context.store.write(lambda transaction: ledger.first_sight(transaction, fresh)):
            held = row.identity
            settling = row.file.state is FileState.SETTLING
            self._known[held.raw_path] = Known(
                row.file.id, (held.dev, held.ino, held.size, held.mtime_ns, held.ctime_ns), settling
            )

    def _forget_vanished(self, present: set[bytes]) -> None:
        gone = [raw for raw, known in self._known.items() if known.open and raw not in present]
        if not gone:
            return
        ids = [self._known.pop(raw).id for raw in gone]
        self._context.store.write(lambda transaction: ledger.vanished(transaction, ids))
        for purpose, root in self._roots.items():
            prefix = os.fsencode(root) + b"/"
            for raw in gone:
                if raw.startswith(prefix):
                    self._settling.forget((purpose, os.fsdecode(raw[len(prefix) :])))

    def _hand_over(self, purpose: FilePurpose, dataset: str, found: list[Batch]) -> None:
        """What settled together becomes one job: by the date in its path where it has one, then oldest first."""
        ordered = sorted(found, key=lambda one: (moment(one.seen.path) or _EARLIEST, one.seen.mtime_ns, one.seen.path))
        batch = ordered[: self._context.settings.intake.batch_files]
        why = self._claiming.why_wait(purpose, dataset, batch)
        if why is not None:
            self._wait([one.id for one in batch], why)
            self._more = self._more or why.code == BACKLOG
            return
        self._more = self._more or len(ordered) > len(batch)
        settled = self._claiming.take(purpose, dataset, batch)
        for one in settled.closed:
            self._known[one.raw] = Known(one.id, _identity(one.seen), open=False)
        for one in (*settled.closed, *settled.again):
            self._settling.forget((purpose, one.seen.path))


def _identity(seen: Observation) -> Identity:
    return seen.dev, seen.ino, seen.size, seen.mtime_ns, seen.ctime_ns


def _stored(values: Sequence[int]) -> Identity:
    dev, ino, size, mtime_ns, ctime_ns = values
    return dev, ino, size, mtime_ns, ctime_ns
