"""The hint: inotify through watchdog, proven alive by a canary, replaced when it is not."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from shopfloor.domain.clock import Clock

_LOG = logging.getLogger("shopfloor.watcher")
_CANARY = ".shopfloor-canary"
_CANARY_SECONDS = 5.0
_CANARY_EVERY = 60.0
# Only these are subscribed to: all others of a burst would fill the kernel's queue and take time.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]


@dataclass(frozen=True)
class Health:
    """Whether events arrive, and why not; `expected` where nothing is wrong with that."""

    healthy: bool
    detail: str = ""
    expected: bool = False


class Watched(NamedTuple):
    """A folder under watch: the device and inode that it had then, and watchdog's handle."""

    identity: tuple[int, int]
    handle: Any


class _Hint(FileSystemEventHandler):
    """Puts the path on; nothing else, because a handler that raises kills watchdog's thread."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._watcher.heard(os.fsdecode(getattr(event, "dest_path", "") or event.src_path))


class _Overflow(logging.Handler):
    """watchdog tells of lost events only in its log."""

    def __init__(self, on_loss: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_loss = on_loss

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage().lower():
            self._on_loss()


class Watcher:
    """Watches each drop folder by itself (not recursively), and says when it cannot be trusted.

    The scan is the truth: with the watcher dead, lying or overflowing, files are only noticed later.
    """

    def __init__(self, clock: Clock, on_hint: Callable[[], None]) -> None:
        self._clock = clock
        self._on_hint = on_hint
        self._observer: Any = None
        self._watched: dict[Path, Watched] = {}
        self._canary_sent: float | None = None
        self._canary_seen = True
        self._next_canary = 0.0
        self._doubt = ""  # why events may be lost, until a canary comes back
        self._blind = ""  # a folder that is not watched
        self._overflow = _Overflow(self._lost)
        logging.getLogger("watchdog.observers").addHandler(self._overflow)

    def heard(self, path: str) -> None:
        """An event arrived."""
        name = os.path.basename(path)
        if name == _CANARY:
            self._canary_seen = True
        elif not name.startswith("."):  # a transfer in progress, or a file that the engine itself renamed
            self._on_hint()

    def tend(self, folders: list[Path], remote: frozenset[int] = frozenset()) -> Health:
        """Called at every scan: watch new folders, test the watched ones, rebuild an observer that died.

        Folders on a `remote` device are not watched: what other machines write there makes no event.
        """
        found = {folder: identity for folder in folders if (identity := _identity(folder)) is not None}
        wanted = {folder: identity for folder, identity in found.items() if identity[0] not in remote}
        if not wanted:
            return Health(
                False, "the drop folders lie on a network file system, which reports no changes", expected=True
            )
        self._let_go(wanted)
        problem = self._problem(wanted)
        if problem or self._observer is None:
            self._rebuild(wanted, problem)
        else:
            self._add_missing(wanted)
        self._send_canary(next(iter(wanted)))
        if self._doubt or self._blind:
            return Health(False, self._doubt or self._blind)
        far = [folder.name for folder in found if folder not in wanted]
        return Health(True, f"{far[0]} lies on a network file system and is only scanned" if far else "")

    def close(self) -> None:
        """Stop watching."""
        logging.getLogger("watchdog.observers").removeHandler(self._overflow)
        self._drop()

    def _lost(self) -> None:
        """A flood: what was lost is found by the scan, and a canary shows when events come again."""
        self._doubt = "events were lost in a flood"
        self._canary_sent, self._next_canary = None, 0.0
        self._on_hint()

    def _let_go(self, wanted: dict[Path, tuple[int, int]]) -> None:
        """Folders that were removed: their threads ended with them, which is no fault of the others."""
        for folder in [folder for folder in self._watched if folder not in wanted]:
            held = self._watched.pop(folder)
            try:
                self._observer.unschedule(held.handle)
            except (OSError, KeyError, RuntimeError) as error:
                _LOG.warning("%s could not be released: %s", folder.name, error)

    def _problem(self, wanted: dict[Path, tuple[int, int]]) -> str:
        if self._observer is None:
            return ""
        if any(held.identity != wanted[folder] for folder, held in self._watched.items()):
            return "a drop folder was replaced"
        reader = getattr(self._observer, "_inotify_fd", None)
        threads = [self._observer, *self._observer.emitters, *([reader] if hasattr(reader, "is_alive") else [])]
        if not all(thread.is_alive() for thread in threads):
            return "a watcher thread died"
        late = self._canary_sent is not None and self._clock.monotonic() - self._canary_sent > _CANARY_SECONDS
        return "no event arrived for a file that was touched" if late and not self._canary_seen else ""

    def _rebuild(self, wanted: dict[Path, tuple[int, int]], problem: str) -> None:
        if problem:
            _LOG.warning("watcher restarted: %s", problem)
        self._drop()
        self._watched = {}
        self._canary_sent = None
        self._next_canary = 0.0
        self._doubt = problem
        try:
            self._observer = Observer()
            self._observer.start()
            self._add_missing(wanted)
        except OSError as error:
            self._doubt = f"inotify is not available: {error.strerror or error}"
            self._drop()

    def _drop(self) -> None:
        """Let the observer go; a thread of it that is dead already must not hinder that."""
        observer, self._observer = self._observer, None
        if observer is None:
            return
        try:
            observer.unschedule_all()
            observer.stop()
        except (OSError, KeyError, RuntimeError) as error:
            _LOG.warning("an old watcher was left: %s", error)

    def _add_missing(self, wanted: dict[Path, tuple[int, int]]) -> None:
        self._blind = ""
        for folder, identity in wanted.items():
            if folder in self._watched:
                continue
            try:
                handle = self._observer.schedule(_Hint(self), str(folder), recursive=False, event_filter=_EVENTS)
                self._watched[folder] = Watched(identity, handle)
                self._on_hint()  # what was put there before the watch began made no event
            except OSError as error:
                self._blind = f"{folder.name} is not watched: {error.strerror or error}"

    def _send_canary(self, folder: Path) -> None:
        """A touched file must come back as an event; the only proof that does not trust watchdog's word."""
        now = self._clock.monotonic()
        if self._canary_seen and self._canary_sent is not None:
            self._doubt = ""
            self._canary_sent = None
        if now < self._next_canary or self._observer is None:
            return
        self._next_canary = now + _CANARY_EVERY
        self._canary_sent, self._canary_seen = now, False
        canary = folder / _CANARY
        try:
            canary.unlink(missing_ok=True)
            canary.touch()
            canary.unlink(missing_ok=True)
        except OSError as error:
            self._doubt = f"the drop folder cannot be written: {error.strerror or error}"


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino
