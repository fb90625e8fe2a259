"""A screen that hears what changes in the workspace."""

from __future__ import annotations

from textual.screen import Screen

from shopfloor.tui.app_type import App
from shopfloor.tui.key_order import Typed


class TakesKeys:
    """A screen that some keys wait for."""

    def takes(self, event: Typed) -> bool:
        """Whether the screen shows what the key is about."""
        return True


class Live(TakesKeys, Screen[None]):
    """A screen that the feed keeps fresh."""

    @property
    def shop(self) -> App:
        """The app, by its own type."""
        app = self.app
        assert isinstance(app, App)
        return app

    def changed(self, nouns: frozenset[str]) -> None:
        """Facts about these nouns were committed."""

    def status_changed(self) -> None:
        """The workspace's figures changed, or the way to the engine did."""
