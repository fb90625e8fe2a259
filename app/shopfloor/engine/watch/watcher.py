"""The hint: inotify through watchdog, proven alive by a canary, replaced when it is not."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from shopfloor.domain.clock import Clock

_LOG = logging.getLogger("shopfloor.watcher")
_CANARY = ".shopfloor-canary"
_CANARY_SECONDS = 5.0
_CANARY_EVERY = 60.0


@dataclass(frozen=True)
class Health:
    """Whether events arrive, and why not."""

    healthy: bool
    detail: str = ""


class _Hint(FileSystemEventHandler):
    """Puts the path on; nothing else, because a handler that raises kills watchdog's thread."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in {"created", "moved", "closed"}:
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
        self._watched: dict[Path, tuple[int, int]] = {}
        self._canary_sent: float | None = None
        self._canary_seen = True
        self._next_canary = 0.0
        self._doubt = ""
        self._overflow = _Overflow(on_hint)
        logging.getLogger("watchdog.observers").addHandler(self._overflow)

    def heard(self, path: str) -> None:
        """An event arrived."""
        if os.path.basename(path) == _CANARY:
            self._canary_seen = True
            return
        self._on_hint()

    def tend(self, folders: list[Path]) -> Health:
        """Called at every scan: watch what is new, test what is there, rebuild what died."""
        wanted = {folder: identity for folder in folders if (identity := _identity(folder)) is not None}
        problem = self._problem(wanted)
        if problem or self._observer is None:
            self._rebuild(wanted, problem)
        else:
            self._add_missing(wanted)
        self._send_canary(folders)
        return Health(not self._doubt, self._doubt)

    def close(self) -> None:
        """Stop watching."""
        logging.getLogger("watchdog.observers").removeHandler(self._overflow)
        if self._observer is not None:
            self._observer.unschedule_all()
            self._observer.stop()

    def _problem(self, wanted: dict[Path, tuple[int, int]]) -> str:
        if self._observer is None:
            return ""
        reader = getattr(self._observer, "_inotify_fd", None)
        threads = [self._observer, *self._observer.emitters, *([reader] if hasattr(reader, "is_alive") else [])]
        if not all(thread.is_alive() for thread in threads):
            return "a watcher thread died"
        if any(self._watched.get(folder) not in {None, identity} for folder, identity in wanted.items()):
            return "a drop folder was replaced"
        late = self._canary_sent is not None and self._clock.monotonic() - self._canary_sent > _CANARY_SECONDS
        return "no event arrived for a file that was touched" if late and not self._canary_seen else ""

    def _rebuild(self, wanted: dict[Path, tuple[int, int]], problem: str) -> None:
        if self._observer is not None:
            _LOG.warning("watcher rebuilt: %s", problem)
            self._observer.stop()
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
            self._observer = None

    def _add_missing(self, wanted: dict[Path, tuple[int, int]]) -> None:
        for folder, identity in wanted.items():
            if folder in self._watched:
                continue
            try:
                self._observer.schedule(_Hint(self), str(folder), recursive=False)
                self._watched[folder] = identity
            except OSError as error:
                self._doubt = f"{folder.name} is not watched: {error.strerror or error}"

    def _send_canary(self, folders: list[Path]) -> None:
        """A touched file must come back as an event; the only proof that does not trust watchdog's word."""
        now = self._clock.monotonic()
        if self._canary_seen and self._canary_sent is not None:
            self._doubt = ""
            self._canary_sent = None
        if now < self._next_canary or not folders or self._observer is None:
            return
        self._next_canary = now + _CANARY_EVERY
        self._canary_sent, self._canary_seen = now, False
        canary = folders[0] / _CANARY
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
