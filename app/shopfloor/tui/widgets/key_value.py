"""Labels with values, and prose: foreign text laid out and made harmless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, fit, wrap
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece

_LONGEST = 4_000  # characters of one value that are shown; the rest is a matter for a file


class Pair(NamedTuple):
    """A label and its value; the value may be foreign text."""

    label: str
    value: str
    tone: str = ""
    label_tone: str = "muted"


class KeyValue(LineWidget):
    """Pairs in two aligned columns; long values wrap under themselves."""

    DEFAULT_CSS = """
    KeyValue { height: auto; width: 1fr; }
    """

    def __init__(self, pairs: Sequence[Pair | tuple[str, str]] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pairs = [Pair(*pair) for pair in pairs]

    def set_pairs(self, pairs: Sequence[Pair | tuple[str, str]]) -> None:
        """Show other pairs; only lines that differ are repainted."""
        self._pairs = [Pair(*pair) for pair in pairs]
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        labels = [clean(pair.label, 40) for pair in self._pairs]
        values = [clean(pair.value[:_LONGEST]) or glyphs.NONE for pair in self._pairs]
        column = _label_column(labels, values, width)
        room = max(1, width - column - 2)
        lines: list[Line] = []
        for label, value, pair in zip(labels, values, self._pairs, strict=True):
            for i, part in enumerate(wrap(value, room)):
                head = fit(label if i == 0 else "", column) + "  "
                lines.append([Piece(head, pair.label_tone), Piece(part, pair.tone)])
        return lines


def _label_column(labels: Sequence[str], values: Sequence[str], width: int) -> int:
    """Cells for the labels: a third of the line, or more where the values leave room for it."""
    longest = max(map(cell_len, labels), default=0)
    values_need = max((cell_len(value) for value in values), default=0)
    return min(longest, max(4, width // 3, width - 2 - values_need))


class Prose(LineWidget):
    """Foreign text, wrapped; its line breaks are kept, everything else in it is made harmless."""

    DEFAULT_CSS = """
    Prose { height: auto; width: 1fr; }
    """

    def __init__(self, text: str = "", *, tone: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._text, self._tone = text, tone

    def set_text(self, text: str, tone: str = "") -> None:
        self._text, self._tone = text, tone
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        return [
            [Piece(part, self._tone)]
            for line in self._text[:_LONGEST].splitlines() or [""]
            for part in wrap(clean(line), max(1, width))
        ]
