"""Keeps the panes live: one thread that waits for events and tells what they are about."""

from __future__ import annotations

import threading
from collections.abc import Callable

from textual.message import Message

from shopfloor.domain.errors import ShopfloorError, StoppedError
from shopfloor.tui.async_client import AsyncClient
from shopfloor.tui.messages import Connected, Disconnected, FactsCommitted, StatusArrived

_WAIT_SECONDS = 25.0
_BUSY_SECONDS = 1.0
_RETRY_SECONDS = 1.5


class Feed:
    """Long-polls the event stream. While jobs run it also asks for their progress once a second."""

    def __init__(self, client: AsyncClient, post: Callable[[Message], object]) -> None:
        self._client = client
        self._post = post
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin; the thread is a daemon and never keeps the process alive."""
        threading.Thread(target=self._loop, name="feed", daemon=True).start()

    def stop(self) -> None:
        """Post nothing any more."""
        self._stop.set()

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except StoppedError as error:
                self._lost(f"by {error.by} at {error.at:%H:%M}; :up starts it", stopped=True)
            except ShopfloorError as error:
                self._lost(error.message)
            except Exception as error:  # noqa: BLE001 - the boundary of the thread: the feed must not die
                self._lost(f"{type(error).__name__}: {error}")

    def _lost(self, reason: str, *, stopped: bool = False) -> None:
        self._client.disconnect()
        self._tell(Disconnected(reason, stopped=stopped))
        self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        from shopfloor.domain.requests.jobs import EventList
        from shopfloor.domain.requests.workspace import StatusShow

        client = self._client.client()
        status = client.ask(StatusShow())
        self._tell(Connected())
        self._tell(StatusArrived(status))
        self._tell(FactsCommitted(frozenset({"*"}), status.seq))
        seq = status.seq
        while not self._stop.is_set():
            busy = bool(status.jobs.running or status.jobs.queued or status.files.waiting)
            wait = _BUSY_SECONDS if busy else _WAIT_SECONDS
            page = client.ask(EventList(after=seq, wait_s=wait), timeout=wait + 10)
            if page.rows or busy:
                status = client.ask(StatusShow())
                self._tell(StatusArrived(status))
            if page.rows:
                seq = page.rows[-1].seq
                self._tell(FactsCommitted(frozenset(event.kind.partition(".")[0] for event in page.rows), seq))
            elif busy:
                self._tell(FactsCommitted(frozenset({"progress"}), seq))
            if page.rows:
                self._stop.wait(0.25)  # a burst of events becomes one refresh

    def _tell(self, message: Message) -> None:
        if not self._stop.is_set():
            self._post(message)
