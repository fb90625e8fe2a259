"""A bare application that counts the bytes it would send to a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from shopfloor.tui.stylesheet import ParsedOnce
from shopfloor.tui.theme import THEMES
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.virtual_table import VirtualTable

HOSTILE = (
    "[/foo]",
    "[red]x",
    "[@click=app.bell]x[/]",
    "[b ZLEX c",
    "\x1b[2J\x1b[31mred",
    "two\nlines\r\n",
    "tab\there",
    "\u202egnp.exe",
    "zero\u200bwidth\u200d",
    "\x00\x07\x9b31m",
    "e\u0301" * 40,
    "a" + "\u0301" * 5000,
    "\u0301leading mark",
    "顧客データ一覧の長い名前",
    "👩\u200d🚀👍🏽 ok\ufe0f",
    "\udc80bytes",
    "x" * 10_000,
    "",
)


class Bare(App[None]):
    """Shows `widgets`; `sent` counts bytes, `seen` keeps messages."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { overflow: hidden; }"

    def __init__(self, *widgets: Widget, theme: str = "shopfloor-dark") -> None:
        super().__init__()
        self.stylesheet = ParsedOnce(self.get_css_variables())
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme
        self.animation_level = "none"
        self.widgets = widgets
        self.sent = 0
        self.frames: list[str] = []
        self.seen: list[Message] = []
        self.ink = Console(force_terminal=True, color_system="truecolor", width=200)

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def _display(self, screen: Screen[object], renderable: object) -> None:
        """What the driver of a real terminal would be given."""
        if isinstance(renderable, CompositorUpdate):
            frame = renderable.render_segments(self.ink)
            self.frames.append(frame)
            self.sent += len(frame.encode())
        super()._display(screen, renderable)  # type: ignore[arg-type]

    def of(self, kind: type[Message]) -> list[Message]:
        """Messages of a kind, once each: the hook sees a message at every pump it bubbles to."""
        unique = {id(message): message for message in self.seen}
        return [message for message in unique.values() if isinstance(message, kind)]


async def settle(pilot: Pilot[None]) -> None:
    """Let messages run out and paint what they changed, however busy the machine is."""
    for _ in range(2):
        await pilot.pause()
        pilot.app.screen._on_timer_update()


def text_of(widget: Widget) -> list[str]:
    """Lines of a line-drawn widget as they stand on the screen."""
    return [widget.render_line(y).text for y in range(widget.size.height)]


def screen_text(app: App[object]) -> list[str]:
    """All lines of the screen."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def plain_rows(keys: Sequence[object]) -> list[Row]:
    return [Row(str(key), (Cell("ok", "ok"), f"name {key}", str(key))) for key in keys]


class Journal(VirtualTable):
    """A table that notes which lines it painted."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.lines_painted: list[int] = []
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def render_line(self, y: int):  # type: ignore[no-untyped-def]
        self.lines_painted.append(y)
        return super().render_line(y)
