"""The watch over the drop folders: scan, settle, claim, hand over to jobs."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from shopfloor.arrival import file_locations, file_outcomes, ledger
from shopfloor.arrival.arrivals import Arrivals
from shopfloor.arrival.candidate import CandidateKind
from shopfloor.arrival.claimer import BACKLOG, DISK, Batch, Claimer, Settled
from shopfloor.arrival.companion import CompanionState, FolderListing, is_companion
from shopfloor.arrival.copy_thread import SMALL, CopyThread, Folder
from shopfloor.arrival.filesystem import network_devices
from shopfloor.arrival.folder_alerts import FolderAlerts
from shopfloor.arrival.memory import Memory
from shopfloor.arrival.removal import identity_in_name
from shopfloor.arrival.scan import Found, Observation, raw_paths, scan
from shopfloor.arrival.settling import SettlingFiles
from shopfloor.arrival.stalled import StalledFiles, Stuck
from shopfloor.arrival.watcher import Health, Watcher
from shopfloor.domain.contract import Completeness, Originals
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.file import FilePurpose, Reason
from shopfloor.domain.numbers import duration
from shopfloor.domain.status import WatcherStatus
from shopfloor.formats.partition import moment
from shopfloor.runtime.context import Context
from shopfloor.runtime.worker_pool import WorkerPool
from shopfloor.store import files
from shopfloor.workspace.folders import FOLDER, FolderError, blame, fault

_LOG = logging.getLogger("shopfloor.watch")
_SOON = 0.2
# While a backlog lasts, the watch pauses for so many times the duration of a scan.
_PAUSE_FACTOR = 4.0
_LONGEST_PAUSE = 1.0
# A scan that takes so many scan intervals is reported: the lists on the screens are that old.
_LATE = 3.0
# Python 3.11 looks an enum's member up in 0.2 µs, and a burst asks forty thousand times.
_IGNORED, _QUIET = CandidateKind.IGNORED, Completeness.QUIET
_EARLIEST = datetime.fromisoformat("0001-01-01")
_COPYING = "it has settled and is being copied"
_BEHIND = "it has settled; an earlier delivery of its folder is being copied"


class ScanResult(NamedTuple):
    """The result of one scan: raw paths that are there, and settled files by folder."""

    present: set[bytes]
    settled: dict[Folder, list[tuple[Observation, bytes, CompanionState]]]


class Watch:
    """One thread that scans every drop folder: at a hint, when a file is due, and every few seconds."""

    def __init__(
        self,
        context: Context,
        pool: WorkerPool,
        unfollowed: Callable[[list[Found]], list[Found]],
        contract_problem: Callable[[str], Reason | None],
    ) -> None:
        self._unfollowed = unfollowed
        self.context = context
        self._pool = pool
        self._wake = threading.Event()
        self._turn = threading.Lock()
        self._watcher = Watcher(context.clock, self._wake.set)
        self._settling = SettlingFiles(context.clock)
        self._stalled = StalledFiles(context)
        self._folders = FolderAlerts(context)
        self._roots = {purpose: file_locations.root_of(context.layout, purpose) for purpose in FilePurpose}
        self._seen: dict[FilePurpose, dict[str, Observation]] = {purpose: {} for purpose in FilePurpose}
        self._memory = Memory(context.store)
        self._waiting: dict[str, Reason] = {}  # files that have to wait, and why
        self._health = Health(False, "starting", expected=True)
        self._failure = ""  # why the last scan failed or is incomplete
        self._faulty: dict[str, FolderError] = {}  # folders that could not be used
        self._last_scan: tuple[datetime, float] | None = None
        self._settings_stamp = 0
        self._soon = 0.0
        self._finished = False
        self._scan_error: ShopfloorError | None = None  # of a root that the last scan could not read
        self._took = 0.0  # seconds that the last scan of the folders took
        self._more = False  # settled files are left for the next scan
        self._arrivals = Arrivals(context.layout)
        self._claimer = Claimer(context, self._roots, self._arrivals, contract_problem)
        self._copies = CopyThread(self._wake.set)
        self._thread = threading.Thread(target=self._loop, name="watch", daemon=True)

    def start(self) -> None:
        """Load the ledger and begin."""
        self._memory.load()
        self._thread.start()

    def stop(self) -> None:
        """End after the current scan."""
        self._wake.set()
        self._thread.join(timeout=5.0)
        self._copies.close()
        self._watcher.close()

    def scan_now(self) -> None:
        """One whole scan on the caller's thread, by the settings as they are now.

        When it returns, the ledger knows every file that is there, unless there is a `scan_failure`.
        """
        with self._turn:
            self._reload_settings()
            self._try_scan()
            self._faulty = self._faults()
        self._wake.set()

    def status(self) -> WatcherStatus:
        """How new files are noticed."""
        scanned = self._last_scan
        late = self._late()
        return WatcherStatus(
            backend="inotify" if self._health.healthy else "scan",
            healthy=self._health.healthy and not self._failure and not late,
            scan_seconds=self.context.settings.intake.scan_seconds,
            last_scan_at=scanned[0] if scanned else None,
            last_scan_ms=scanned[1] if scanned else None,
            detail=self._failure or late or self._health.detail,
        )

    def scan_failure(self) -> str:
        """Why files are not seen, not taken in or cannot leave, as it was looked at last; empty while all goes well."""
        return "; ".join(dict.fromkeys([*([self._failure] if self._failure else []), *map(str, self._faulty.values())]))

    def watcher_failure(self) -> str:
        """Why new files are noticed by the scan only, where a watcher should notice them."""
        if self._health.healthy or self._health.expected:
            return ""
        return f"The watcher is not working, files are noticed by the scan: {self._health.detail}."

    def waits(self, purpose: FilePurpose, path: str) -> tuple[str, float]:
        """What a file on its way waits for, in words, and for how many seconds it has been known."""
        return self._settling.waits((purpose, path))

    def report_stalled(self) -> None:
        """Say of files that they have not become complete for long, and of folders that cannot be used."""
        with self._turn:
            stuck = [
                Stuck(known.id, state.observation.name, state.waiting)
                for (purpose, path), state in self._settling.stuck(60 * self.context.settings.intake.stalled_minutes)
                if not self._copies.is_copying((purpose, state.observation.name))
                and (known := self._memory.get(os.fsencode(self._roots[purpose] / path))) is not None
            ]
            faults = self._faulty = self._faults()
        self._stalled.report(stuck)
        if self._folders.report(faults):
            self._finished = False  # what could not leave its folder can now

    def _faults(self) -> dict[str, FolderError]:
        """Folders with files that are not taken in or cannot leave, by the dataset or model they belong to."""
        layout = self.context.layout
        found: dict[str, FolderError] = {}
        for purpose, observed in self._seen.items():
            folders = {(seen.path.rpartition("/")[0], seen.name) for seen in observed.values() if seen.name}
            for folder, name in folders:
                keep = file_outcomes.originals_of(self.context, purpose, name) is Originals.KEEP
                place = self._roots[purpose] / folder
                if folder and (error := fault(place, layout.root, write=not keep)) is not None:
                    found[name] = error
            for seen in observed.values():
                if seen.reason is not None and seen.reason.code == FOLDER and seen.name:
                    found[seen.name] = FolderError(seen.reason.message, hint=seen.reason.hint)
        return found

    def _late(self) -> str:
        """Why the last scan is older than it should be."""
        if self._last_scan is None:
            return ""
        age = (self.context.clock.now() - self._last_scan[0]).total_seconds()
        if age < _LATE * self.context.settings.intake.scan_seconds + 5.0:
            return ""
        return f"the last scan ended {duration(age)} ago: a folder is very large, or does not answer"

    def _loop(self) -> None:
        while not self.context.stopping.is_set():
            with self._turn:
                self._try_scan(self._tend)
            # In a flood of hints half of the time is the senders': they must come to an end, too.
            self.context.stopping.wait(min(self._took, _LONGEST_PAUSE) if self._took > _SOON / 4 else 0.0)
            self._wake.wait(min(self.context.settings.intake.scan_seconds, self._soon or 1e9))
            self._wake.clear()

    def _try_scan(self, tend: Callable[[], Health] | None = None) -> None:
        """Scan, and keep what went wrong: a bad moment must end neither intake nor the request that waits for it."""
        try:
            self.context.check_place()
            health = tend() if tend is not None else self._health
            self._scan()
        except ShopfloorError as error:
            _LOG.warning("the scan is incomplete: %s", error)
            self._failure = str(error)
        except OSError as error:
            _LOG.exception("the scan failed, will be retried")
            self._failure = str(blame(error, self.context.layout.root))
        except Exception as error:  # noqa: BLE001 - the boundary of the watch
            _LOG.exception("the scan failed, will be retried")
            self._failure = f"The last scan failed: {error}"
        else:
            self._health, self._failure = health, ""

    def _tend(self) -> Health:
        self._reload_settings()
        for root in self._roots.values():
            if not root.exists():  # somebody removed it; what is delivered next must find it
                root.mkdir(mode=0o700)
                self.context.share()
        if not self.context.settings.intake.watch:
            return Health(False, "switched off: intake.watch = false", expected=True)
        folders = list(self._roots.values())
        for root in self._roots.values():
            folders += [Path(entry.path) for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
        try:
            return self._watcher.tend(folders, network_devices())
        except Exception as error:  # noqa: BLE001 - the boundary of the watcher: it is a hint, and the scan goes on
            _LOG.exception("the watcher failed and is restarted")
            self._watcher.close()
            self._watcher = Watcher(self.context.clock, self._wake.set)
            return Health(False, f"the watcher failed: {error}")

    def _reload_settings(self) -> None:
        try:
            stamp = self.context.layout.settings.stat().st_mtime_ns
        except OSError:
            return
        if stamp != self._settings_stamp:
            self._settings_stamp = stamp
            self.context.reload_settings()

    def _scan(self) -> None:
        begun = self.context.clock.monotonic()
        self._more = False
        for (purpose, _), settled in self._copies.completed():
            self._conclude(purpose, settled)
        self._arrivals.begin()
        self._settling.begin(self.context.settings.intake.settle_seconds)
        with _no_collection():
            result = self._scan_folders()
            self._took = self.context.clock.monotonic() - begun
        result.present.update(self._copies.paths())
        self._forget_vanished(result.present)
        folders = self._settling.by_folder() if result.settled else {}
        for (purpose, dataset), found in result.settled.items():
            if self._copies.is_copying((purpose, dataset)):
                copying = self._copies.paths()
                for seen, raw, _ in found:
                    self._settling.set_waiting((purpose, seen.path), _COPYING if raw in copying else _BEHIND)
            elif not self._settling.others_follow(folders[purpose, dataset], {seen.path for seen, *_ in found}):
                self._hand_over(purpose, dataset, [self._batch(purpose, *one) for one in found])
        self._plan_next()
        took = self.context.clock.monotonic() - begun
        self._last_scan = (self.context.clock.now(), round(1000 * took, 2))
        scan_error, self._scan_error = self._scan_error, None
        if scan_error is not None:
            raise scan_error

    def _scan_folders(self) -> ScanResult:
        """List the drop folders; what the ledger knows and has done with needs nothing more."""
        result = ScanResult(set(), defaultdict(list))
        unsettled = self._unsettled(result)
        with self._noting(self._memory.fresh(unsettled)):
            neighbours = {purpose: FolderListing(present) for purpose, present in self._seen.items()}
            for purpose, seen, raw in unsettled:
                if seen.reason is None and (ready := self._ready(purpose, seen, neighbours[purpose])) is not None:
                    result.settled[purpose, seen.name].append((seen, raw, ready))
        return result

    def _unsettled(self, result: ScanResult) -> list[Found]:
        """All that is there and not done with."""
        found: list[Found] = []
        for purpose, root in self._roots.items():
            observed = self._observed(purpose, root, result)
            self._seen[purpose] = {seen.path: seen for seen in observed}
            delivered = self._delivered(purpose, observed)
            found += zip(repeat(purpose), delivered, raw_paths(root, delivered))
        if not self._finished:
            self._finish(found)
        unfinished = self._memory.unfinished(found)
        unsettled = self._unfollowed(unfinished)
        result.present.update([raw for *_, raw in found])
        if len(unsettled) < len(unfinished):
            result.present.difference_update({raw for *_, raw in unfinished} - {raw for *_, raw in unsettled})
        if not self._memory.recall([raw for *_, raw in unsettled]):
            return unsettled
        return self._memory.unfinished(unsettled)

    def _delivered(self, purpose: FilePurpose, observed: Sequence[Observation]) -> list[Observation]:
        """What is no other file's companion and not ignored."""
        arrivals = {name: self._arrivals.of(purpose, name) for name in {seen.name for seen in observed}}
        asking = {name for name, arrival in arrivals.items() if arrival.complete is not Completeness.QUIET}
        return [
            seen
            for seen in observed
            if seen.kind is not _IGNORED and not (seen.name in asking and is_companion(arrivals[seen.name], seen.path))
        ]

    def _observed(self, purpose: FilePurpose, root: Path, result: ScanResult) -> list[Observation]:
        """All files below a root. One that cannot be read keeps its known files, and is reported after the scan."""
        try:
            return scan(root, purpose, self._seen[purpose])
        except OSError as error:
            layout = self.context.layout
            self._scan_error = fault(root, layout.root) or blame(error, layout.root)
            result.present.update(self._memory.below(os.fsencode(root) + b"/"))
            return list(self._seen[purpose].values())

    def _finish(self, found: list[Found]) -> None:
        """The first scan of an engine: files that are done with, and that a killed engine did not move away."""
        self._finished = True
        self._memory.recall([raw for *_, raw in found])
        unfinished = {raw for *_, raw in self._memory.unfinished(found)}
        done = [raw for *_, raw in found if raw not in unfinished]
        ids = [known.id for raw in done if (known := self._memory.get(raw)) is not None]
        file_outcomes.finish(self.context, self.context.store.read(lambda query: files.ledger(query, ids)))
        for path in [path for observed in self._seen.values() for path in observed]:
            if (one := identity_in_name(path.rpartition("/")[2])) is not None:
                file_outcomes.finish(self.context, self.context.store.read(partial(files.at_inode, at=one)))

    def _ready(self, purpose: FilePurpose, seen: Observation, neighbours: FolderListing) -> CompanionState | None:
        """What lets the file in now: its companion, or that it has been quiet; None while nothing does."""
        key = (purpose, seen.path)
        state = self._settling.observe(key, seen, self._roots[purpose])
        arrival = self._arrivals.of(purpose, seen.name)
        if arrival.complete is _QUIET:
            return _READY if state.settled else None
        found = neighbours.state_of(arrival, seen)
        if not found.ready:
            self._settling.set_waiting(key, found.waiting)
            return None
        if found.digest and self._differs(purpose, seen, found.digest):
            return None
        # An empty file never settles, so here its sender's word counts: a marker, or a digest that is compared.
        vouched = arrival.complete is Completeness.MARKER or (found.digest and not seen.size)
        return found if state.settled or vouched else None

    def _differs(self, purpose: FilePurpose, seen: Observation, digest: str) -> bool:
        """Whether the file is known not to be what its companion says, and may still be arriving."""
        age = self._settling.waits((purpose, seen.path))[1]
        if not self._claimer.differs(seen, self._seen[purpose].get(digest), age):
            return False
        self._settling.set_waiting(
            (purpose, seen.path), f"its digest differs from {Path(digest).name}; it may be incomplete"
        )
        return True

    def _plan_next(self) -> None:
        due = self._settling.due_in()
        soon = [max(_SOON, _PAUSE_FACTOR * self._took)] if self._more else []
        self._soon = min([*soon, *([due] if due is not None else [])], default=0.0)

    @contextmanager
    def _noting(self, fresh: list[Found]) -> Iterator[None]:
        """While the body looks which files are ready, the store records the new ones: it has a thread of its own."""
        if not fresh:
            yield
            return
        recorded = self.context.store.submit(lambda transaction: ledger.first_seen(transaction, fresh))
        try:
            yield
        finally:
            self._memory.note(fresh, recorded.result())
        if any(seen.reason is None for _, seen, _ in fresh):
            # The workers start while the files settle, and not before these are recorded: they take all processors.
            self._pool.warm()

    def _forget_vanished(self, present: set[bytes]) -> None:
        gone = self._memory.forget_but(present)
        if not gone:
            return
        self.context.store.write(lambda transaction: ledger.vanished(transaction, list(gone.values())))
        for id in gone.values():
            self._waiting.pop(id, None)
        for purpose, root in self._roots.items():
            prefix = os.fsencode(root) + b"/"
            for raw in gone:
                if raw.startswith(prefix):
                    self._settling.forget((purpose, os.fsdecode(raw[len(prefix) :])))

    def _batch(self, purpose: FilePurpose, seen: Observation, raw: bytes, ready: CompanionState) -> Batch:
        key = (purpose, seen.path)
        known = self._memory.get(raw)
        assert known is not None
        companion = self._seen[purpose].get(ready.digest) if ready.digest else None
        return Batch(known.id, seen, raw, companion, self._settling.waits(key)[1], self._settling.notices(key))

    def _hand_over(self, purpose: FilePurpose, dataset: str, found: list[Batch]) -> None:
        """What settled together becomes one job: by the date in its path where it has one, then oldest first."""
        ordered = sorted(found, key=lambda one: (moment(one.seen.path) or _EARLIEST, one.seen.mtime_ns, one.seen.path))
        why = self._claimer.why_wait(purpose, dataset)
        batch = [] if why is not None else self._claimer.fitting(ordered)
        if not batch:
            self._wait(ordered, why or DISK)
            return
        take = partial(self._claimer.take, purpose, dataset, batch)
        if sum(one.seen.size for one in batch) > SMALL:
            self._copies.submit((purpose, dataset), batch, take)
        else:
            self._more = self._more or len(ordered) > len(batch)
            self._conclude(purpose, take())

    def _conclude(self, purpose: FilePurpose, settled: Settled) -> None:
        """What was claimed is done with."""
        for one in settled.closed:
            self._memory.close(one.raw, one.id, one.seen)
            self._waiting.pop(one.id, None)
        for one in (*settled.closed, *settled.again):
            self._settling.forget((purpose, one.seen.path))
        if settled.full:
            self._wait(settled.full, DISK)

    def _wait(self, found: list[Batch], why: Reason) -> None:
        """Say of all of them, once, why they wait."""
        self._more = self._more or why.code == BACKLOG
        ids = [one.id for one in found if self._waiting.get(one.id) != why]
        if ids:
            self.context.store.write(lambda transaction: ledger.waiting(transaction, ids, why))
            self._waiting.update(dict.fromkeys(ids, why))


@contextmanager
def _no_collection() -> Iterator[None]:
    """A burst makes objects by the hundred thousand that all stay: going through them again and again is a third of
    the time, and finds nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


_READY = CompanionState(ready=True)
