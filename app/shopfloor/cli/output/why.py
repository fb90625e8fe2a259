"""An explanation as a tree."""

from __future__ import annotations

import sys

from shopfloor.cli.output.cells import moment, text
from shopfloor.cli.output.width import wrap
from shopfloor.domain import numbers
from shopfloor.domain.explanation import Explanation, wrapped
from shopfloor.domain.status import WatcherStatus

_ENDLESS = sys.maxsize


def describe(found: Explanation, width: int | None) -> str:
    """Each fact on its branch, long ones on lines below themselves; for a path also how new files are noticed."""
    room = width or _ENDLESS
    shown = [] if not found.path or found.path in found.message else _safely(found.path, room)
    shown += [f"{branch}{words}".rstrip() for branch, words in wrapped(found, room, _safely)]
    if found.watcher is not None:
        shown += wrap(f"watching: {_watching(found.watcher)}", room)
    return "\n".join(shown)


def _safely(said: str, room: int) -> list[str]:
    return wrap(text(said), room)


def _watching(watcher: WatcherStatus) -> str:
    how = f"{watcher.backend}, and a scan every {numbers.exact(watcher.scan_seconds)} s"
    last = f"; last {moment(watcher.last_scan_at)}" if watcher.last_scan_at is not None else ""
    return f"{how}{last}{f' ({text(watcher.detail)})' if watcher.detail else ''}"
