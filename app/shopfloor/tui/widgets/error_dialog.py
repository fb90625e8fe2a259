"""What went wrong, why, and what to do."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from shopfloor.tui.widgets.dialog import Buttons, CopyRequested, Dialog, DialogButton
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Paragraph


class ErrorDialog(Dialog[None]):
    """Three lines (what, why, do this), details behind `d`; `y` posts `CopyRequested`."""

    DEFAULT_CSS = """
    ErrorDialog {
        & > .dialog--box { width: 76; }
        & #details {
            display: none;
            height: auto;
            max-height: 12;
            margin: 1 0 0 0;
            background: $panel;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        &.-details #details { display: block; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "details", "Details", show=False, id="error.details"),
        Binding("y", "copy", "Copy", show=False, id="error.copy"),
        Binding("q", "cancel", "Close", show=False, id="error.close"),
    ]

    def __init__(self, what: str, *, why: str = "", do: str = "", details: str = "") -> None:
        keys = "y Copy  esc Close" if not details else "d Details  y Copy  esc Close"
        super().__init__("Action failed", keys=keys, danger=True)
        self._what, self._why, self._do, self._details = what, why, do, details

    def body(self) -> ComposeResult:
        pairs = [("What", self._what), ("Why", self._why), ("What to do", self._do)]
        yield KeyValue([Pair(label, text, _TONES.get(label, "")) for label, text in pairs if text])
        if self._details:
            with VerticalScroll(id="details", can_focus=False):
                yield Paragraph(self._details, tone="muted")
        with Buttons():
            yield DialogButton("Close", id="close")

    def on_mount(self) -> None:
        self.query_one("#close").focus()

    @property
    def text(self) -> str:
        """All of it as plain text, for a ticket."""
        parts = (self._what, self._why, self._do, self._details)
        return "\n".join(part for part in parts if part)

    @on(DialogButton.Pressed)
    def _pressed(self) -> None:
        self.dismiss(None)

    def action_details(self) -> None:
        self.toggle_class("-details")

    def action_copy(self) -> None:
        self.post_message(CopyRequested(self.text))

    def key_down(self) -> None:
        self._scroll(1)

    def key_up(self) -> None:
        self._scroll(-1)

    def _scroll(self, lines: int) -> None:
        details = self.query_one_optional("#details", VerticalScroll)
        if details is not None:
            details.scroll_relative(y=lines, animate=False)


_TONES = {"What": "strong", "What to do": "key"}
