"""The terminal face's app: panes, theme, feed, and where keys and commands go."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import App as TextualApp
from textual.command import Provider
from textual.screen import Screen

from shopfloor.actions.action import Action
from shopfloor.actions.panes import PANES, Scope
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.tui import theme
from shopfloor.tui.app_type import App
from shopfloor.tui.async_client import AsyncClient, Connect
from shopfloor.tui.feed import Feed
from shopfloor.tui.key_order import Typed
from shopfloor.tui.messages import Connected, Disconnected, FactsCommitted, StatusArrived
from shopfloor.tui.performing import perform
from shopfloor.tui.screens.live import Live, TakesKeys
from shopfloor.tui.screens.pane import Pane
from shopfloor.tui.stylesheet import ParsedOnce
from shopfloor.tui.view_actions import ViewActions

if TYPE_CHECKING:
    from shopfloor.tui.widgets.dialog import CopyRequested


def _screen(scope: Scope) -> Callable[[], Screen[None]]:
    """The screen of a pane, imported when it is first shown: the home screen paints sooner."""

    def make() -> Screen[None]:
        module = import_module(f"shopfloor.tui.screens.{scope}")
        screen: Screen[None] = getattr(module, f"{scope.title()}Pane")()
        return screen

    return make


def _palette(name: str) -> Callable[[], type[Provider]]:
    def find() -> type[Provider]:
        from shopfloor.tui import palette

        found: type[Provider] = getattr(palette, name)
        return found

    return find


class ShopfloorApp(App):
    """One mode a pane; the feed keeps the visible one live."""

    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {scope.value: _screen(scope) for scope in PANES}
    DEFAULT_MODE = Scope.HOME.value
    COMMANDS: ClassVar = {_palette("ActionCommands"), _palette("EntityCommands")}
    TITLE = "Shopfloor"

    def __init__(self, workspace: Path, connect: Connect) -> None:
        environ = dict(os.environ)  # Textual takes NO_COLOR out of it
        super().__init__(ansi_color=theme.ansi_color(environ))
        self.stylesheet = ParsedOnce(self.get_css_variables())
        self.animation_level = "none"
        self.workspace = workspace
        self.client = AsyncClient(workspace, connect)
        self._feed = Feed(self.client, self.post_message)
        self._view_actions = ViewActions(self)
        self._painted = False
        for known in theme.THEMES:
            self.register_theme(known)
        self.theme = theme.choose_theme(environ.get("SHOPFLOOR_THEME", "auto"), environ)

    @property
    def workspace_name(self) -> str:
        named = self.status.name if self.status is not None else ""
        return safe(named or self.workspace.name, 24)

    def on_mount(self) -> None:
        restore_on_signals(self)

    def post_display_hook(self) -> None:
        """Textual calls this after each picture, and where a batch of changes held one back."""
        screen = self._screen_stack[-1] if self._screen_stack else None
        if self._batch_count or not isinstance(screen, Pane):
            return
        screen.drawn()
        if not self._painted:
            self._painted = True
            gc.enable()
            self._feed.start()

    def on_unmount(self) -> None:
        self._feed.stop()
        self.client.close()

    # -- the feed ----------------------------------------------------------------------------

    @on(StatusArrived)
    def _status_arrived(self, message: StatusArrived) -> None:
        self.status = message.status
        for screen in self._live_screens():
            screen.status_changed()

    @on(FactsCommitted)
    def _changed(self, message: FactsCommitted) -> None:
        for screen in self._live_screens():
            screen.changed(message.nouns)

    @on(Connected)
    def _connected(self) -> None:
        self.link_lost = ""

    @on(Disconnected)
    def _disconnected(self, message: Disconnected) -> None:
        self.link_lost = safe(message.reason, 60)
        self.engine_stopped = message.stopped
        for screen in self._live_screens():
            screen.status_changed()

    def _live_screens(self) -> list[Live]:
        found = [screen for stack in self._screen_stacks.values() for screen in stack if isinstance(screen, Live)]
        return [screen for screen in found if screen.is_mounted]

    # -- going and doing ---------------------------------------------------------------------

    def go(self, pane: str, select: str = "", query: str = "") -> None:
        self.keys.opens(self.run_worker(self._go(pane, select, query), exclusive=True, group="go", exit_on_error=False))

    async def _go(self, pane: str, select: str, query: str) -> None:
        if self.current_mode != pane:
            await self.switch_mode(pane)
        while len(self.screen_stack) > 1:
            await self.screen.dismiss(None)  # whoever waits for an answer has one
        screen = self.screen
        if isinstance(screen, Pane):
            screen.arrive(select, query)

    def do(
        self, action: Action, screen: Screen[None], record: Record | str | None, given: dict[str, str] | None = None
    ) -> None:
        if action.asks_engine and not action.shows:
            self.keys.opens(self.run_worker(perform(self, action, record, given), group="perform", exit_on_error=False))
        else:
            self._view_actions.do(action, screen, record, given or {})

    def open_detail(self, screen: Screen[None], record: Record, key: str) -> None:
        from shopfloor.tui.screens.detail import DetailScreen

        if isinstance(screen, Pane):
            self.push_screen(DetailScreen(screen, record, key))

    def command(self, screen: Screen[None], line: str, record: Record | None) -> None:
        if isinstance(screen, Pane):
            self._view_actions.command(screen, line, record)

    def takes(self, event: Typed) -> bool:
        screen = self.screen
        return super().takes(event) and (not isinstance(screen, TakesKeys) or screen.takes(event))

    def action_command_palette(self) -> None:
        from shopfloor.tui.palette import Palette

        if not self.screen.is_modal:
            self.push_screen(Palette())

    def show_message(self, text: str, *, tone: str = "information") -> None:
        severity = tone if tone in {"information", "warning", "error"} else "information"
        self.clear_notifications()
        lines = "\n".join(safe(line, 300) for line in text.splitlines())
        self.notify(lines, severity=severity, markup=False, timeout=4)  # type: ignore[arg-type]

    def on_copy_requested(self, message: CopyRequested) -> None:
        self.keep_copy(message.text)

    def keep_copy(self, text: str) -> None:
        """OSC 52 may be off in a multiplexer, so the text is also kept in a file."""
        self.copy_to_clipboard(text)
        target = self.workspace / ".shopfloor" / "run" / "last-copy.txt"
        try:
            target.write_text(text, encoding="utf-8")
            self.show_message("Copied; also in .shopfloor/run/last-copy.txt")
        except OSError:
            self.show_message("Copied to the terminal's clipboard, if it allows that")


def restore_on_signals(app: TextualApp[Any]) -> None:
    """Leave the alternate screen and mouse mode also when the process is terminated.

    Textual's driver leaves the terminal in its own mode then (`reference/terminal.md` §2.6).
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        try:
            loop.add_signal_handler(number, app.exit, 128 + number)
        except (NotImplementedError, ValueError, RuntimeError):  # not the main thread: a test
            return
