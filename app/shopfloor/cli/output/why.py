"""An explanation as a tree."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.cli.output.cells import moment, text
from shopfloor.cli.output.width import columns, wrap
from shopfloor.domain import numbers
from shopfloor.domain.explanation import Explanation, lines
from shopfloor.domain.status import WatcherStatus

_LEAST = 20  # columns of words beside a deep branch
_GOES_ON = str.maketrans({"├": "│", "└": " ", "─": " ", "→": " "})


def describe(found: Explanation, width: int | None) -> str:
    """Each fact on its branch, long ones on lines below themselves; for a path also how new files are noticed."""
    shown = [] if not found.path or found.path in found.message else list(_lines("", found.path, width))
    shown += [line for branch, words in lines(found) for line in _lines(branch, words, width)]
    if found.watcher is not None:
        shown += _lines("", f"watching: {_watching(found.watcher)}", width)
    return "\n".join(shown)


def _lines(branch: str, words: str, width: int | None) -> Iterator[str]:
    room = None if width is None else max(width - columns(branch), _LEAST)
    first, *rest = [text(words)] if room is None else wrap(text(words), room)
    yield f"{branch}{first}".rstrip()
    below = branch.translate(_GOES_ON)
    yield from (f"{below}{line}".rstrip() for line in rest)


def _watching(watcher: WatcherStatus) -> str:
    how = f"{watcher.backend}, and a scan every {numbers.exact(watcher.scan_seconds)} s"
    last = f"; last {moment(watcher.last_scan_at)}" if watcher.last_scan_at is not None else ""
    return f"{how}{last}{f' ({text(watcher.detail)})' if watcher.detail else ''}"
