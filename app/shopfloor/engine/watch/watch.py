"""The watch over the drop folders: scan, settle, claim, hand over to jobs."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.status import WatcherStatus
from shopfloor.engine import contracts
from shopfloor.engine.context import Context
from shopfloor.engine.jobs.floor import WorkFloor
from shopfloor.engine.watch import custody, ledger
from shopfloor.engine.watch.settling import SettlingFiles
from shopfloor.engine.watch.watcher import Health, Watcher
from shopfloor.intake.candidate import Kind
from shopfloor.intake.claim import Changed, Claimed, claim
from shopfloor.intake.scan import Observation, scan
from shopfloor.store import files
from shopfloor.store.files import LedgerRow
from shopfloor.store.transaction import Transaction

_LOG = logging.getLogger("shopfloor.watch")
Identity = tuple[int, int, int, int]


class Known(NamedTuple):
    """What the ledger says about a path, kept in memory so that a quiet scan asks the database nothing."""

    id: str
    identity: Identity
    open: bool


class Batch(NamedTuple):
    """A file that has settled: its ledger id, what was seen, its raw path."""

    id: str
    seen: Observation
    raw: bytes


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
        for id, raw, dev, ino, size, mtime_ns, _ in self._context.store.read(files.known):
            self._known[bytes(raw)] = Known(id, (dev, ino, size, mtime_ns), id in waiting)

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
        settled: dict[tuple[FilePurpose, str], list[tuple[Observation, bytes]]] = defaultdict(list)
        for purpose, root in self._roots.items():
            observed = scan(root, purpose, self._seen[purpose])
            self._seen[purpose] = {seen.path: seen for seen in observed}
            prefix = os.fsencode(root)
            for seen in observed:
                if seen.kind is Kind.IGNORED:
                    continue
                raw = ledger.raw_path(prefix, seen)
                present.add(raw)
                known = self._known.get(raw)
                if known is not None and not known.open and known.identity == _identity(seen):
                    continue
                if self._is_followed(purpose, seen):
                    present.discard(raw)
                    continue
                if known is None or not known.open:
                    fresh.append((purpose, seen, raw))
                if seen.kind is Kind.CANDIDATE and self._settling.observe((purpose, seen.path), seen, root).settled:
                    settled[purpose, seen.name].append((seen, raw))
        self._note_fresh(fresh)
        self._forget_vanished(present)
        for (purpose, dataset), batch in settled.items():
            self._hand_over(purpose, dataset, batch)
        self._plan_next()
        self._last_scan = (self._context.clock.now(), round(1000 * (self._context.clock.monotonic() - begun), 2))

    def _plan_next(self) -> None:
        waits = [wait for root in self._roots.values() if (wait := self._settling.due_in(root)) is not None]
        self._soon = min(waits, default=0.0)

    def _note_fresh(self, fresh: list[tuple[FilePurpose, Observation, bytes]]) -> None:
        if not fresh:
            return
        if any(seen.kind is Kind.CANDIDATE for _, seen, _ in fresh):
            self._floor.warm()  # the workers start while the files settle
        for row in self._context.store.write(lambda transaction: ledger.first_sight(transaction, fresh)):
            held = row.identity
            settling = row.file.state is FileState.SETTLING
            self._known[held.raw_path] = Known(row.file.id, (held.dev, held.ino, held.size, held.mtime_ns), settling)

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

    def _hand_over(self, purpose: FilePurpose, dataset: str, found: list[tuple[Observation, bytes]]) -> None:
        """What settled together becomes one job, oldest file first."""
        ordered = sorted(found, key=lambda pair: (pair[0].mtime_ns, pair[0].path))
        batch = [
            Batch(self._known[raw].id, seen, raw) for seen, raw in ordered[: self._context.settings.intake.batch_files]
        ]
        reason = contracts.problem(self._context, dataset) if purpose is FilePurpose.DATA else None
        if reason is None and not self._room_for(batch):
            reason = Reason(
                code="disk",
                message="The disk has too little free space.",
                hint="Free some; it is taken in by itself then.",
            )
        if reason is None:
            self._claim(purpose, dataset, batch)
            return
        why, ids = reason, [one.id for one in batch]
        self._context.store.write(lambda transaction: ledger.waiting(transaction, ids, why))
        for one in batch:  # to be looked at again after the quiet time, not at once and for ever
            self._settling.forget((purpose, one.seen.path))

    def _room_for(self, batch: list[Batch]) -> bool:
        free = shutil.disk_usage(self._context.layout.staging).free
        reserve = self._context.settings.intake.reserve_mb << 20
        return free - 2 * sum(one.seen.size for one in batch) > reserve

    def _claim(self, purpose: FilePurpose, dataset: str, batch: list[Batch]) -> None:
        claims: list[tuple[str, Observation, bytes, Claimed]] = []
        refusals: list[tuple[Batch, Reason]] = []
        for one in batch:
            try:
                copy = self._copy(purpose, one)
            except Changed:
                self._settling.forget((purpose, one.seen.path))  # somebody writes again: it settles anew
            except (OSError, ShopfloorError) as error:
                refusals.append((one, _reason(error)))
            else:
                claims.append((one.id, one.seen, one.raw, copy))

        def record(transaction: Transaction) -> list[LedgerRow]:
            for one, reason in refusals:
                ledger.refused(transaction, one.id, reason)
            return ledger.claimed(transaction, purpose, dataset, claims)

        done = self._context.store.write(record)
        for id, seen, raw, _ in claims:
            self._close(purpose, id, seen, raw)
        for one, _ in refusals:
            self._close(purpose, one.id, one.seen, one.raw)
        self._dispose(done)

    def _copy(self, purpose: FilePurpose, one: Batch) -> Claimed:
        limit = self._context.settings.intake.max_file_mb
        if one.seen.size > limit << 20:
            raise ShopfloorError(
                f"It has {one.seen.size >> 20} MB, more than intake.max_file_mb ({limit}).",
                hint="Split it, or raise the setting.",
                code="too_large",
            )
        return claim(self._roots[purpose], one.seen, custody.staged_path(self._context.layout, one.id))

    def _close(self, purpose: FilePurpose, id: str, seen: Observation, raw: bytes) -> None:
        self._known[raw] = Known(id, _identity(seen), open=False)
        self._settling.forget((purpose, seen.path))

    def _dispose(self, done: list[LedgerRow]) -> None:
        day = f"{self._context.clock.now():%Y-%m-%d}"
        for row in done:
            custody.dispose(self._context.layout, row, self._context.settings.intake.originals, day)


def _identity(seen: Observation) -> Identity:
    return seen.dev, seen.ino, seen.size, seen.mtime_ns


def _reason(error: OSError | ShopfloorError) -> Reason:
    if isinstance(error, ShopfloorError):
        return Reason(code=error.code, message=error.message, hint=error.hint)
    return Reason(
        code="unreadable",
        message=f"It cannot be read: {error.strerror or error}.",
        hint="Check its rights, then deliver it again.",
    )
