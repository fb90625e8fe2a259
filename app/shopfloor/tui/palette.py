"""The palette (ctrl+p): actions by name, things by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content
from textual.events import Key
from textual.screen import Screen

from shopfloor.actions.action import Action
from shopfloor.actions.panes import PANES
from shopfloor.actions.registry import for_scope
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.tui.key_order import Typed
from shopfloor.tui.screens.detail import DetailScreen
from shopfloor.tui.screens.live import TakesKeys
from shopfloor.tui.screens.pane import Pane
from shopfloor.tui.screens.pane_keys import key_label

_ID = "--command-palette"  # by which Textual knows whether it is open


class Palette(TakesKeys, CommandPalette):
    """Textual's palette, without its emoji: terminals disagree about how wide that is."""

    DEFAULT_CSS = """
    Palette SearchIcon { color: $text-primary; }
    """

    def __init__(self) -> None:
        super().__init__(placeholder="An action, or the name of a dataset, model, run or alert", id=_ID)

    def on_mount(self) -> None:
        self.query_one(SearchIcon).icon = ">"

    def takes(self, event: Typed) -> bool:
        """Keys that go through what was found wait until all is found."""
        searching = any(each.group == self._GATHER_COMMANDS_GROUP and not each.is_finished for each in self.workers)
        return not searching or not isinstance(event, Key) or event.is_printable


def pane_of(screen: Screen[Any]) -> Pane | None:
    """The pane that a screen is or shows a record of."""
    if isinstance(screen, DetailScreen):
        return screen.pane
    return screen if isinstance(screen, Pane) else None


def record_of(screen: Screen[Any]) -> Record | None:
    """The record that a screen is about."""
    if isinstance(screen, DetailScreen):
        return screen.record
    return screen.selected if isinstance(screen, Pane) else None


class ActionCommands(Provider):
    """Everything a person can do here, with what was selected when the palette opened."""

    async def startup(self) -> None:
        self._record = record_of(self.screen)

    async def discover(self) -> Hits:
        for action in self._actions():
            if action.key:
                yield DiscoveryHit(_shown(action), partial(self._do, action), help=action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            score = matcher.match(f"{action.label} {action.name}")
            if score > 0:
                yield Hit(score, Content(_shown(action)), partial(self._do, action), help=action.help)

    def _actions(self) -> Iterator[Action]:
        pane = pane_of(self.screen)
        if pane is not None:
            yield from pane.local_actions
        yield from for_scope(pane.scope.value if pane is not None else "global")

    def _do(self, action: Action) -> None:
        pane = pane_of(self.screen)
        if pane is not None:
            pane.shop.do(action, pane, self._record)


def _shown(action: Action) -> str:
    return f"{action.label}  {key_label(action.key)}" if action.key else action.label


class EntityCommands(Provider):
    """Datasets, models, runs and alerts."""

    async def startup(self) -> None:
        self._things: list[tuple[str, str, str]] = []
        pane = pane_of(self.screen)
        if pane is None or pane.shop.status is None:
            return
        for scope, search in ((scope, spec.search) for scope, spec in PANES.items() if spec.search is not None):
            page = await pane.shop.client.ask(search.request())
            self._things += [(scope.value, search.key(row), search.text(row)) for row in page.rows]

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for pane, name, kind in self._things:
            score = matcher.match(f"{name} {kind}")
            if score > 0:
                yield Hit(score, Content(f"{safe(name, 60)}  {safe(kind, 60)}"), partial(self._go, pane, name))

    def _go(self, pane: str, name: str) -> None:
        here = pane_of(self.screen)
        if here is not None:
            here.shop.go(pane, select=name)
