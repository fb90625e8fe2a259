"""The last line: which keys do something here."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len
from textual.message import Message

from shopfloor.tui.widgets.cells import clean
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece


class FooterItem(msgspec.Struct, frozen=True):
    """One action: its `name`, key and label.

    A disabled one is greyed, not hidden, and says why when clicked. `pinned` ones stay however
    narrow the line is.
    """

    name: str
    key: str
    label: str
    enabled: bool = True
    reason: str = ""
    pinned: bool = False


PINNED = (
    FooterItem("help", "?", "Help", pinned=True),
    FooterItem("command", ":", "Command", pinned=True),
)


class ActionFooter(LineWidget):
    """One line of keys and labels; items that do not fit drop out from the right."""

    DEFAULT_CSS = """
    ActionFooter { height: 1; width: 1fr; background: $panel; color: $foreground; }
    """

    class ActionClicked(Message):
        """An enabled action was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class DisabledClicked(Message):
        """A greyed action was clicked; `reason` says why it does nothing now."""

        def __init__(self, name: str, reason: str) -> None:
            super().__init__()
            self.name = name
            self.reason = reason

    def __init__(self, items: Sequence[FooterItem] = PINNED, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items = tuple(items)
        self._note = ""

    def set_items(self, items: Sequence[FooterItem], note: str = "") -> None:
        """Show these actions; `note` (for example `3 marked`) stands before them."""
        self._items, self._note = tuple(items), note
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        line = [Piece(" ")]
        if self._note:
            line.append(Piece(f"{clean(self._note, width)}  ", "accent"))
        used = sum(cell_len(piece.text) for piece in line)
        for item in fitting_items(self._items, width - used):
            tone_key, tone = ("key", "") if item.enabled else ("faint", "faint")
            line.append(Piece(clean(item.key, 12), tone_key, item.name))
            line.append(Piece(f" {clean(item.label, 24)}", tone, item.name))
            line.append(Piece("  "))
        return [line]

    def clicked(self, hit: str) -> None:
        item = next((one for one in self._items if one.name == hit), None)
        if item is None:
            return
        if item.enabled:
            self.post_message(self.ActionClicked(item.name))
        else:
            self.post_message(self.DisabledClicked(item.name, item.reason))


def fitting_items(items: Sequence[FooterItem], width: int) -> list[FooterItem]:
    """The items that fit `width` cells, in order: pinned ones first of all, then from the left."""
    room = width - sum(_cells(item) for item in items if item.pinned)
    kept: list[FooterItem] = []
    full = False
    for item in items:
        if item.pinned:
            kept.append(item)
        elif not full and _cells(item) <= room:
            room -= _cells(item)
            kept.append(item)
        else:
            full = True
    return kept


def _cells(item: FooterItem) -> int:
    return cell_len(clean(item.key, 12)) + cell_len(clean(item.label, 24)) + 3
