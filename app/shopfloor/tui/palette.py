"""Providers of the palette (ctrl+p): actions by name, things by name."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from shopfloor.actions.registry import by_name, for_scope
from shopfloor.domain.requests.datasets import DatasetList
from shopfloor.domain.requests.models import ModelList
from shopfloor.domain.requests.runs import RunList
from shopfloor.domain.text import safe
from shopfloor.tui.screens.pane import Pane


class ActionCommands(Provider):
    """Everything a person can do here."""

    async def discover(self) -> Hits:
        for action in for_scope(self._scope()):
            if action.key:
                yield DiscoveryHit(f"{action.label}  {action.key}", partial(self._do, action.name), help=action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in for_scope(self._scope()):
            score = matcher.match(f"{action.label} {action.name}")
            if score > 0:
                yield Hit(
                    score, Content(f"{action.label}  {action.key}"), partial(self._do, action.name), help=action.help
                )

    def _scope(self) -> str:
        return self.screen.scope.value if isinstance(self.screen, Pane) else "global"

    def _do(self, name: str) -> None:
        screen = self.screen
        if isinstance(screen, Pane):
            screen.perform(by_name(name))


class EntityCommands(Provider):
    """Datasets, models and runs."""

    async def startup(self) -> None:
        self._things: list[tuple[str, str, str]] = []
        screen = self.screen
        if not isinstance(screen, Pane) or screen.shop.status is None:
            return
        ask = screen.shop.courier.ask
        self._things += [("datasets", row.name, "dataset") for row in (await ask(DatasetList(limit=500))).rows]
        self._things += [("models", row.name, "model") for row in (await ask(ModelList(limit=500))).rows]
        self._things += [("experiments", row.id, f"run of {row.model}") for row in (await ask(RunList(limit=200))).rows]

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for pane, name, kind in self._things:
            score = matcher.match(f"{name} {kind}")
            if score > 0:
                yield Hit(score, Content(f"{safe(name, 60)}  {safe(kind, 60)}"), partial(self._go, pane, name))

    def _go(self, pane: str, name: str) -> None:
        screen = self.screen
        if isinstance(screen, Pane):
            screen.shop.go(pane, select=name)
