"""The `/` line that filters while typing."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from shopfloor.tui.widgets.cells import clean
from shopfloor.tui.widgets.dialog import PlainInput
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece
from shopfloor.tui.widgets.prompt import Prompt, PromptLine


class FilterInput(PromptLine):
    """`/` above a list: `Changed` on every key, enter keeps the filter, escape clears it.

    The line stays visible while a filter is set. The owner writes counts and order at its right
    end with `set_info`.
    """

    class Changed(Message):
        """The filter text changed; empty means no filter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Submitted(Message):
        """Enter: the filter stays, the list has the focus again."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Prompt("/")
            yield PlainInput(placeholder=self._placeholder)
            yield FilterInfo()

    def set_info(self, text: str) -> None:
        """The text at the right end, for example `12 of 340`."""
        self.query_one(FilterInfo).set_text(text)

    @on(PlainInput.Changed)
    def _changed(self, event: PlainInput.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(PlainInput.Submitted)
    def _entered(self, event: PlainInput.Submitted) -> None:
        event.stop()
        if event.value:
            self.give_focus_back()
        else:
            self.close()
        self.post_message(self.Submitted(event.value))

    def action_leave(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Drop the filter and hide the line."""
        self.query_one(PlainInput).value = ""
        self.close()


class FilterInfo(LineWidget):
    """Counts at the right end of the filter line."""

    DEFAULT_CSS = """
    FilterInfo { width: auto; height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def set_text(self, text: str) -> None:
        wider = len(text) != len(self._text)
        self._text = text
        self.redraw()  # a count of the same length needs no layout, but it must be drawn
        if wider:
            self.refresh(layout=True)

    def lines(self, width: int) -> list[Line]:
        return [[Piece(f"  {clean(self._text, 60)} ", "muted")]]

    def get_content_width(self, container: object, viewport: object) -> int:
        return len(clean(self._text, 60)) + 3 if self._text else 0
