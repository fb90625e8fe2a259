"""Keys one after another: what a key opens has the next one, however fast they come.

Textual hands a key to whatever has the focus when the key arrives, while the key before it may still be on
its way to opening a line, a dialog or a pane. So a burst (a paste, a slow link, typing ahead) would run as
keys of the list. Here a key waits until the one before it has taken effect.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, get_current_worker

_LONGEST = 5.0  # seconds that keys wait for what opens: then it is late, and the keys are no longer for it
_GLANCE = 0.005
_LOOK = 0.1  # seconds between two looks whether a late result may open

Typed = Key | Paste
Result = TypeVar("Result")
Answer = TypeVar("Answer")


class OrderedApp(App[Result], Generic[Result]):
    """An app whose keys act one after another, and whose dialogs are asked in the worker of an action."""

    def __init__(self, *, ansi_color: bool | None) -> None:
        super().__init__(ansi_color=ansi_color)
        self.keys = KeyOrder(self, super().on_event, self.takes)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self.keys.take(event)
        else:
            await super().on_event(event)

    def takes(self, event: Typed) -> bool:
        """Whether the screen can take a key now; else it waits."""
        return self.screen.is_mounted

    async def ask(self, dialog: Screen[Answer]) -> Answer | None:
        """What a person answers, None when they cancel; for a worker. The keys are for the dialog meanwhile."""
        worker = get_current_worker()
        if not await self.turn("A question waits"):
            return None
        answer = self.push_screen(dialog, wait_for_dismiss=True)
        self.keys.opens(worker, dialog)
        return await asyncio.shield(answer)

    @property
    def on_time(self) -> bool:
        """Whether the action of this worker may take the keys: where it began nobody types, or has gone on."""
        place = self.keys.place_of(get_current_worker())
        return place is None or (place is self.screen and not isinstance(place.focused, Input))

    async def turn(self, news: str) -> bool:
        """Wait until the action of this worker may take the keys; False when where it began is closed."""
        place = self.keys.place_of(get_current_worker())
        if not self.on_time:
            self.keys.forget(get_current_worker())
            self.notify(f"{news}: it opens where you began, when you are back.", markup=False, timeout=4)
        while not self.on_time:
            if place is not None and not place.is_running:
                return False
            await asyncio.sleep(_LOOK)
        return True


class KeyOrder:
    """Takes the keys of an app in their order. `dispatch` gives one to the focus, `ready` says whether it can be."""

    def __init__(
        self, app: App[Any], dispatch: Callable[[Typed], Awaitable[None]], ready: Callable[[Typed], bool]
    ) -> None:
        self._app = app
        self._dispatch = dispatch
        self._ready = ready
        self._waiting: deque[Typed] = deque()
        self._opening: dict[Worker[Any], Screen[Any] | None] = {}
        self._places: WeakKeyDictionary[Worker[Any], Screen[Any]] = WeakKeyDictionary()
        self._at_work = False

    @property
    def busy(self) -> bool:
        """Whether a key waits, or has not yet taken all its effect."""
        return self._at_work

    def take(self, event: Typed) -> None:
        """A key was pressed, or text was pasted."""
        self._waiting.append(event)
        if not self._at_work:
            self._at_work = True
            self._app.run_worker(self._deliver(), group="keys")

    def opens(self, worker: Worker[Any], dialog: Screen[Any] | None = None) -> None:
        """Keys wait for what `worker` opens; while it asks with `dialog` they are for that."""
        self._places.setdefault(worker, self._app.screen)
        self._opening[worker] = dialog

    def forget(self, worker: Worker[Any]) -> None:
        """It is late: keys wait for it no longer."""
        self._opening.pop(worker, None)

    def place_of(self, worker: Worker[Any]) -> Screen[Any] | None:
        """The screen that was shown when the worker began."""
        return self._places.get(worker)

    async def _deliver(self) -> None:
        try:
            while self._waiting:
                await self._until(lambda: self._ready(self._waiting[0]))
                await self._dispatch(self._waiting.popleft())
                await self._settle()
        finally:
            self._at_work = False

    async def _settle(self) -> None:
        """Wait until the last key has gone all its way, and what it opens stands."""
        quiet = 0
        end = time.monotonic() + _LONGEST
        while quiet < 2 and time.monotonic() < end:  # twice: what the last message caused may be on its way
            quiet = quiet + 1 if await self._passed(end) and not self._opens else 0
            if self._opens:
                await self._until(lambda: not self._opens)
                self._opening = {worker: dialog for worker, dialog in self._opening.items() if dialog is not None}

    @property
    def _opens(self) -> bool:
        """Whether something is being opened; a dialog on the screen is open already."""
        shown = {screen for stack in self._app._screen_stacks.values() for screen in stack}
        self._opening = {
            worker: None if dialog not in shown else dialog
            for worker, dialog in self._opening.items()
            if not worker.is_finished
        }
        return any(dialog is None for dialog in self._opening.values())

    async def _until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + _LONGEST
        while not true() and self._app.is_running and time.monotonic() < end:
            await asyncio.sleep(_GLANCE)

    async def _passed(self, end: float) -> bool:
        """Go the way of a key, from the focus up to the app; True when nothing else was on it."""
        way = list(self._way())
        for pump in way:
            gone_by = asyncio.Event()
            if pump.call_later(gone_by.set):
                await _at_most(gone_by.wait(), end - time.monotonic())
        return not any(pump.message_queue_size for pump in way) and way == list(self._way())

    def _way(self) -> Iterator[MessagePump]:
        """Whoever hears of a key."""
        if not self._app.is_running or not self._app._screen_stack:
            return
        node: MessagePump | None = self._app.focused or self._app.screen
        while node is not None:
            yield node
            node = node._parent


async def _at_most(work: Awaitable[Any], seconds: float) -> None:
    try:
        await asyncio.wait_for(work, max(seconds, 0.0))
    except TimeoutError:
        pass
