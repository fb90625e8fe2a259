"""Who stopped the engine on purpose, and when: until somebody starts it, no client does so by itself."""

from __future__ import annotations

import contextlib
from datetime import datetime

import msgspec

from shopfloor.domain.record import Record
from shopfloor.workspace.durable import replace_file
from shopfloor.workspace.layout import Layout


class StopMark(Record, frozen=True, kw_only=True):
    """`by` is the person, `at` the moment."""

    by: str
    at: datetime


def leave_mark(layout: Layout, mark: StopMark) -> None:
    """Keep who stopped the engine; nobody is kept from stopping it by a disk that has no room for the mark."""
    with contextlib.suppress(OSError):
        replace_file(layout.stop_mark, msgspec.json.encode(mark))


def read_mark(layout: Layout) -> StopMark | None:
    """Who stopped the engine; None when nobody did, or when what is there cannot be read."""
    try:
        return msgspec.json.decode(layout.stop_mark.read_bytes(), type=StopMark)
    except (OSError, msgspec.DecodeError):
        return None


def remove_mark(layout: Layout) -> None:
    """The engine may be started again."""
    with contextlib.suppress(FileNotFoundError):
        layout.stop_mark.unlink()
