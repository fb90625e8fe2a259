"""What screens may ask of the app, so that screens and app do not import each other in a circle."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.actions.action import Action
from shopfloor.domain.record import Record
from shopfloor.tui.async_client import AsyncClient
from shopfloor.tui.key_order import OrderedApp

if TYPE_CHECKING:
    from textual.screen import Screen

    from shopfloor.domain.status import Status


class App(OrderedApp[int]):
    """The app as the screens know it."""

    client: AsyncClient
    workspace: Path
    status: Status | None = None
    link_lost: str = ""
    """Why nothing is heard of the engine; empty while it is."""
    engine_stopped: bool = False
    """Whether that is because somebody stopped it."""

    @property
    @abstractmethod
    def workspace_name(self) -> str:
        """What the workspace is called on screen."""

    @abstractmethod
    def go(self, pane: str, select: str = "", query: str = "") -> None:
        """Switch to a pane; `select` is the key of a row, `query` a filter or a lineage reference."""

    @abstractmethod
    def do(
        self, action: Action, screen: Screen[None], record: Record | str | None, given: dict[str, str] | None = None
    ) -> None:
        """Carry an action out."""

    @abstractmethod
    def open_detail(self, screen: Screen[None], record: Record, key: str) -> None:
        """Show a record of a pane on the whole screen; `key` is what its row is called."""

    @abstractmethod
    def command(self, screen: Screen[None], line: str, record: Record | None) -> None:
        """Carry a `:` line out; it is about `record` where it names nothing."""

    @abstractmethod
    def keep_copy(self, text: str) -> None:
        """Put text on the clipboard, by whichever way works here."""

    @abstractmethod
    def show_message(self, text: str, *, tone: str = "information") -> None:
        """A short toast; `text` is shown as it is, never as markup."""
