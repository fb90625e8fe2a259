"""A line to type in that opens, and gives the focus back when it closes."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from shopfloor.tui.widgets.dialog import PlainInput
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece


class PromptLine(Widget):
    """A line with a sign and an input, which gives the focus back when it closes."""

    DEFAULT_CSS = """
    PromptLine {
        height: auto;
        width: 1fr;
        display: none;
        background: $panel;
        &.-open { display: block; }
        & Horizontal { height: 1; }
        & PlainInput { width: 1fr; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._previous_focus: Widget | None = None

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    @property
    def value(self) -> str:
        return self.query_one(PlainInput).value

    def open(self, text: str | None = None, *, focus: bool = True) -> None:
        """Show the line, with `text` in it (None: as it was), and take the focus."""
        field = self.query_one(PlainInput)
        if focus and self.screen.focused is not field:
            self._previous_focus = self.screen.focused
        self.add_class("-open")
        if text is not None:
            field.value = text
            field.cursor_position = len(text)
        if focus:
            self.screen.set_focus(field)

    def close(self) -> None:
        """Hide the line and give the focus back."""
        self.remove_class("-open")
        self.give_focus_back()

    def give_focus_back(self) -> None:
        target, self._previous_focus = self._previous_focus, None
        if target is not None and target.is_attached:
            target.focus()
        else:
            self.screen.set_focus(None)

    def action_leave(self) -> None:
        self.close()


class Prompt(LineWidget):
    """The sign before an input."""

    DEFAULT_CSS = """
    Prompt { width: 2; height: 1; }
    """

    def __init__(self, sign: str) -> None:
        super().__init__()
        self._sign = sign

    def lines(self, width: int) -> list[Line]:
        return [[Piece(f" {self._sign}", "key")]]
