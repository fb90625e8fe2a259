"""The `:` line, with history and completion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from shopfloor.tui.widgets.cells import clean, fit
from shopfloor.tui.widgets.dialog import PlainInput
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece
from shopfloor.tui.widgets.prompt import Prompt, PromptLine

_SHOWN = 6


def matching(completions: Sequence[str], typed: str) -> list[str]:
    """Completions that begin with `typed`, then those that contain it; none for a whole one."""
    low = typed.lower()
    begin = [text for text in completions if text.lower().startswith(low)]
    inside = [text for text in completions if low in text.lower() and text not in begin]
    found = begin + inside
    return [] if found == [typed] else found


class History:
    """Lines entered before, the newest last, without repetition."""

    def __init__(self, lines: Sequence[str] = (), limit: int = 200) -> None:
        self._lines = list(dict.fromkeys(lines))[-limit:]
        self._limit = limit
        self._at = len(self._lines)
        self._draft = ""

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def add(self, line: str) -> None:
        if line.strip():
            self._lines = [*[old for old in self._lines if old != line][1 - self._limit :], line]
        self._at = len(self._lines)

    def step(self, by: int, typed: str) -> str:
        """The line `by` steps away; past the newest comes back what was being typed."""
        if self._at == len(self._lines):
            self._draft = typed
        self._at = max(0, min(self._at + by, len(self._lines)))
        return self._draft if self._at == len(self._lines) else self._lines[self._at]


class Candidates(LineWidget):
    """Completions above the command line."""

    DEFAULT_CSS = """
    Candidates { height: auto; width: 1fr; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []
        self._chosen = -1

    def show_texts(self, texts: Sequence[str], chosen: int) -> None:
        self._texts, self._chosen = list(texts), chosen
        self.redraw()
        self.display = bool(texts)

    def lines(self, width: int) -> list[Line]:
        start = max(0, min(self._chosen - _SHOWN + 1, len(self._texts) - _SHOWN))
        lines: list[Line] = []
        for i, text in enumerate(self._texts[start : start + _SHOWN], start):
            sign = ">" if i == self._chosen else " "
            shown = f" {sign} {clean(text, width)}"
            lines.append([Piece(fit(shown, width), "key" if i == self._chosen else "muted", text)])
        return lines

    def clicked(self, hit: str) -> None:
        self.post_message(self.Picked(hit))

    class Picked(Message):
        """A completion was clicked."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text


class CommandLine(PromptLine):
    """`:` at the bottom. Up and down walk history, tab completes, enter posts `Submitted`.

    Compose it last: it opens over the lines above it and moves nothing.
    """

    DEFAULT_CSS = """
    CommandLine { overlay: screen; constrain: none inside; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "history(-1)", show=False),
        Binding("down", "history(1)", show=False),
        Binding("tab", "complete(1)", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", show=False, priority=True),
    ]

    class Submitted(Message):
        """A command was entered; the line is already closed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Changed(Message):
        """The text changed; the owner may offer other completions."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        completions: Sequence[str] = (),
        *,
        history: Sequence[str] = (),
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._completions = tuple(completions)
        self.history = History(history)
        self._typed = ""
        self._chosen = -1

    def compose(self) -> ComposeResult:
        yield Candidates()
        with Horizontal():
            yield Prompt(":")
            yield PlainInput()

    def set_completions(self, completions: Sequence[str]) -> None:
        """Whole command lines to offer."""
        self._completions = tuple(completions)
        self._offer()

    def open(self, text: str | None = "", *, focus: bool = True) -> None:
        super().open(text, focus=focus)
        self._typed, self._chosen = self.value, -1
        self._offer()

    def action_history(self, by: int) -> None:
        self._put(self.history.step(by, self.value))
        self._typed, self._chosen = self.value, -1
        self._offer()

    def action_complete(self, by: int) -> None:
        found = self._found()
        if found:
            self._chosen = (self._chosen + by) % len(found) if self._chosen >= 0 or by > 0 else -1
            self._put(found[self._chosen])
            self._offer()

    @on(PlainInput.Changed)
    def _changed(self, event: PlainInput.Changed) -> None:
        event.stop()
        found = self._found()
        if 0 <= self._chosen < len(found) and found[self._chosen] == event.value:
            return  # this very widget wrote it
        self._typed, self._chosen = event.value, -1
        self._offer()
        self.post_message(self.Changed(event.value))

    @on(PlainInput.Submitted)
    def _entered(self, event: PlainInput.Submitted) -> None:
        event.stop()
        self.history.add(event.value)
        self.close()
        if event.value.strip():
            self.post_message(self.Submitted(event.value.strip()))

    @on(Candidates.Picked)
    def _picked(self, event: Candidates.Picked) -> None:
        event.stop()
        self._put(event.text)

    def _found(self) -> list[str]:
        return matching(self._completions, self._typed)

    def _offer(self) -> None:
        found = self._found() if self._typed.strip() else []
        self.query_one(Candidates).show_texts(found, self._chosen)

    def _put(self, text: str) -> None:
        field = self.query_one(PlainInput)
        field.value = text
        field.cursor_position = len(text)
