"""What `shopfloor` shows in a folder that holds no workspace."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from shopfloor.client.locate import find_workspace
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.text import safe
from shopfloor.tui import theme
from shopfloor.tui.key_order import OrderedApp
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Paragraph

_TAGLINE = "The model factory in your terminal: from data files to served, monitored models."


class WelcomeApp(OrderedApp[Path | int]):
    """Demo, this folder, or another workspace; the result is the workspace to open, or an exit code."""

    CSS = """
    Screen { align: center middle; }
    #box { width: 68; max-width: 96%; height: auto; border: round $border; padding: 1 3;
           border-title-color: $text-primary; border-title-style: bold; }
    #box Paragraph { margin: 0 0 1 0; }
    #message { margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "demo", "Demo"),
        Binding("i", "init", "Use this folder"),
        Binding("o", "open", "Open another"),
        Binding("q,escape", "leave", "Quit"),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, folder: Path) -> None:
        environ = dict(os.environ)
        super().__init__(ansi_color=theme.ansi_color(environ))
        self.animation_level = "none"
        self._folder = folder
        self._busy = False
        for known in theme.THEMES:
            self.register_theme(known)
        self.theme = theme.choose_theme(environ.get("SHOPFLOOR_THEME", "auto"), environ)

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Content("Shopfloor")
            yield Paragraph(_TAGLINE, tone="strong")
            yield Paragraph(f"There is no workspace in {self._folder}", tone="muted")
            yield KeyValue(
                [
                    Pair("d", "see the demo: a year of real flights, created in ./demo", "", "key"),
                    Pair("i", "use this folder: creates workspace.toml, inbox/ and other folders", "", "key"),
                    Pair("o", "open a workspace in another folder", "", "key"),
                    Pair("q", "quit without writing anything", "", "key"),
                ]
            )
            yield Paragraph(id="message")

    def on_mount(self) -> None:
        from shopfloor.tui.app import restore_on_signals

        restore_on_signals(self)

    def on_key(self, event: events.Key) -> None:
        """While something is being built only quitting is possible."""
        if self._busy and event.key not in {"q", "escape", "ctrl+c"}:
            event.stop()
            event.prevent_default()

    def action_leave(self) -> None:
        self.exit(0)

    def action_demo(self) -> None:
        from shopfloor.client.demo import start_demo

        self._build(lambda: start_demo(self._folder / "demo", self._narrate), "Creating the demo in ./demo …")

    def action_init(self) -> None:
        from shopfloor.client.setup import init_workspace

        self._build(lambda: init_workspace(self._folder), "Creating the workspace …")

    def action_open(self) -> None:
        from shopfloor.tui.widgets.form import Field, FormDialog

        field = Field(
            "path",
            "Folder",
            default=str(self._folder.parent) + os.sep,
            help="The folder of the workspace, or any folder in it.",
            required=True,
            check=_why_no_workspace,
        )
        self.push_screen(FormDialog("Open a workspace", [field], submit="Open"), self._opened)

    def _opened(self, answer: Mapping[str, object] | None) -> None:
        if answer is not None:
            self.exit(find_workspace(_path(str(answer["path"]))))

    def _build(self, work: object, message: str) -> None:
        if self._busy:
            return
        self._busy = True
        self._show_message(message)
        threading.Thread(target=self._carry, args=(work,), name="welcome", daemon=True).start()

    def _carry(self, work: object) -> None:
        assert callable(work)
        try:
            made = work()
        except ShopfloorError as error:
            self._from_thread(self._failed, f"{error.message} {error.hint}")
        except OSError as error:
            self._from_thread(self._failed, f"Failed: {error}")
        else:
            self._from_thread(self.exit, made)

    def _from_thread(self, call: object, value: object) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(call, value)  # type: ignore[arg-type]

    def _narrate(self, text: str) -> None:
        self._from_thread(self._show_message, text)

    def _failed(self, text: str) -> None:
        self._busy = False
        self.query_one("#message", Paragraph).set_text(safe(text, 600), "fail")

    def _show_message(self, text: str) -> None:
        self.query_one("#message", Paragraph).set_text(safe(text, 600), "muted")


def _path(text: str) -> Path:
    return Path(text.strip()).expanduser()


def _why_no_workspace(text: str) -> str:
    """What is wrong with a path to a workspace, or nothing."""
    try:
        find_workspace(_path(text))
    except (ShopfloorError, OSError, RuntimeError, ValueError) as error:  # `~nobody`, a NUL, no permission
        return safe(error.message if isinstance(error, ShopfloorError) else str(error), 200)
    return ""


def run_welcome(folder: Path) -> Path | int:
    """Ask what to do in a folder without a workspace: the workspace to open, or an exit code."""
    app = WelcomeApp(folder.absolute())
    found = app.run()
    return app.return_code or (0 if found is None else found)  # Textual's own code is 1 after a crash
