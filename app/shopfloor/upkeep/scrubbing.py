"""Reading all stored objects again and again while the engine has nothing else to do."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from shopfloor.domain.codec import from_json, to_text
from shopfloor.domain.record import Record
from shopfloor.runtime.context import Context
from shopfloor.upkeep.deep_reading import read_slice

_LOG = logging.getLogger("shopfloor.scrub")
_KEY = "scrub"
_SLICE_SECONDS = 0.5
_LOWEST = 19


class ScrubState(Record, frozen=True, kw_only=True):
    """How far the round is (`after` empty: none is under way), and when the last one ended."""

    after: str = ""
    ended_at: datetime


class Scrub:
    """A slice whenever it is called, while a round is due and `busy` says that nothing else is to be done."""

    def __init__(self, context: Context, busy: Callable[[], bool]) -> None:
        self._context = context
        self._busy = busy
        self._running = threading.Lock()

    def __call__(self) -> None:
        """Begin a slice on a thread of its own, which has the lowest priority; nothing while one is read."""
        if self._due() and not self._busy() and self._running.acquire(blocking=False):
            threading.Thread(target=self._slice, name="scrub", daemon=True).start()

    def _due(self) -> bool:
        days = self._context.settings.engine.scrub_days
        state = scrub_state(self._context)
        if state is None:
            if days > 0:  # a new workspace: its first round comes a period later
                _keep(self._context, ScrubState(ended_at=self._context.clock.now()))
            return False
        return days > 0 and (bool(state.after) or self._context.clock.now() >= state.ended_at + timedelta(days=days))

    def _slice(self) -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)
            self.read_on()
        except Exception:  # noqa: BLE001 - the boundary of the thread: the next slice begins where this one did
            _LOG.exception("the stored objects cannot be read now")
        finally:
            self._running.release()

    def read_on(self) -> None:
        """Read one slice, and remember where it ended."""
        state = scrub_state(self._context)
        assert state is not None
        found = read_slice(self._context, state.after, _SLICE_SECONDS)
        now = self._context.clock.now()
        _keep(
            self._context,
            msgspec.structs.replace(state, after=found.after, ended_at=state.ended_at if found.after else now),
        )


def scrub_state(context: Context) -> ScrubState | None:
    """Where the reading is; None in a workspace that has not begun to count the days."""
    row = context.store.read(lambda query: query.one("SELECT value FROM meta WHERE key = ?", [_KEY]))
    return None if row is None else from_json(row[0].encode(), ScrubState)


def _keep(context: Context, state: ScrubState) -> None:
    context.store.write(lambda transaction: transaction.put("meta", {"key": _KEY, "value": to_text(state)}))
