"""Fields that are chosen, not typed: one of several, yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, cut
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece


class ChoiceInput(LineWidget, can_focus=True):
    """One of several, on one line: all of them side by side, or one at a time when too long.

    Left, right and space step; a letter jumps to the next choice that begins with it.
    """

    DEFAULT_CSS = """
    ChoiceInput {
        height: 1;
        width: 1fr;
        &:focus { background: $panel; }
        &:ansi:focus { text-style: underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space", "step(1)", show=False),
    ]

    class Changed(Message):
        """Another choice was taken."""

    def __init__(self, choices: Sequence[str], value: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices = tuple(choices)
        self._chosen = self._choices.index(value) if value in self._choices else 0

    @property
    def value(self) -> str:
        return self._choices[self._chosen] if self._choices else ""

    def lines(self, width: int) -> list[Line]:
        return [self._all(width) or self._one(width)]

    def clicked(self, hit: str) -> None:
        self.focus()
        if hit in {"-", "+"}:
            self.action_step(1 if hit == "+" else -1)
        else:
            self._choose(int(hit))

    def on_key(self, event: events.Key) -> None:
        letter = (event.character or "").lower()
        if not letter.isalnum():
            return
        order = [*range(self._chosen + 1, len(self._choices)), *range(self._chosen + 1)]
        found = (i for i in order if self._choices[i].lower().startswith(letter))
        event.stop()
        self._choose(next(found, self._chosen))

    def action_step(self, steps: int) -> None:
        if self._choices:
            self._choose((self._chosen + steps) % len(self._choices))

    def _choose(self, index: int) -> None:
        if index != self._chosen:
            self._chosen = index
            self.redraw()
            self.post_message(self.Changed())

    def _all(self, width: int) -> Line:
        line: list[Piece] = []
        for i, choice in enumerate(self._choices):
            chosen = i == self._chosen
            sign = glyphs.ON if chosen else glyphs.OFF
            line.append(Piece(f"{sign} {clean(choice)}", "key" if chosen else "muted", str(i)))
            line.append(Piece("  "))
        fits = sum(cell_len(piece.text) for piece in line) <= width + 2
        return line if fits else ()

    def _one(self, width: int) -> Line:
        place = f"  {self._chosen + 1}/{len(self._choices)}"
        text = cut(clean(self.value, width), width - cell_len(place) - 4)
        return [
            Piece(f"{glyphs.LEFT} ", "key", "-"),
            Piece(text, "key", "+"),
            Piece(f" {glyphs.RIGHT}", "key", "+"),
            Piece(place, "muted"),
        ]


class ToggleInput(LineWidget, can_focus=True):
    """Yes or no, by space, y, n or click."""

    DEFAULT_CSS = """
    ToggleInput {
        height: 1;
        width: 1fr;
        &:focus { background: $panel; }
        &:ansi:focus { text-style: underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,left,right", "toggle_value", show=False),
        Binding("y", "set_value(True)", show=False),
        Binding("n", "set_value(False)", show=False),
    ]

    def __init__(self, value: bool, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.value = value

    def lines(self, width: int) -> list[Line]:
        text, tone = ("[x] yes", "key") if self.value else ("[ ] no", "muted")
        return [[Piece(text, tone, "toggle")]]

    def clicked(self, hit: str) -> None:
        self.focus()
        self.action_toggle_value()

    def action_toggle_value(self) -> None:
        self.action_set_value(not self.value)

    def action_set_value(self, value: bool) -> None:
        self.value = value
        self.redraw()
