"""The first two lines: where you are, how the engine is, and the panes by digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from rich.cells import cell_len
from textual.message import Message

from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, cut
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece

Link = Literal["live", "stale", "lost", "stopped", "paused"]
_LINK_TONES = {"stale": "warn", "lost": "fail", "stopped": "warn", "paused": "warn"}
_NARROW = 100


class PaneTab(msgspec.Struct, frozen=True):
    """A pane: its digit, long and short label, and a count; `urgent` adds `!`."""

    name: str
    key: str
    label: str
    short: str = ""
    count: str = ""
    urgent: bool = False


class StatusItem(msgspec.Struct, frozen=True):
    """A word of status such as `train 1 (62%)`; `name` makes it clickable."""

    text: str
    tone: str = ""
    name: str = ""


class StatusHeader(LineWidget):
    """Breadcrumbs and status over the pane digits."""

    DEFAULT_CSS = """
    StatusHeader { height: 2; width: 1fr; background: $panel; color: $foreground; }
    """

    class PaneClicked(Message):
        """A pane digit was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class CrumbClicked(Message):
        """A breadcrumb was clicked; `index` counts from 0 at the left."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class StatusClicked(Message):
        """A named status item was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._crumbs: tuple[str, ...] = ()
        self._status: tuple[StatusItem, ...] = ()
        self._tabs: tuple[PaneTab, ...] = ()
        self._active = ""
        self._link: Link = "live"
        self._link_note = ""

    def set_crumbs(self, crumbs: Sequence[str]) -> None:
        """Where the user is, outermost first."""
        self._crumbs = tuple(crumbs)
        self.redraw()

    def set_status(self, items: Sequence[StatusItem]) -> None:
        """What the engine does, most important last: items drop out from the left."""
        self._status = tuple(items)
        self.redraw()

    def set_tabs(self, tabs: Sequence[PaneTab], active: str) -> None:
        """The panes and which is shown."""
        self._tabs, self._active = tuple(tabs), active
        self.redraw()

    def set_link(self, link: Link, note: str = "") -> None:
        """How fresh the picture is: `live` shows nothing, the others their word and `note`."""
        self._link, self._link_note = link, note
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        return [self._status_line(width), self._tab_line(width)]

    def clicked(self, hit: str) -> None:
        kind, _, what = hit.partition(":")
        if kind == "pane":
            self.post_message(self.PaneClicked(what))
        elif kind == "crumb":
            self.post_message(self.CrumbClicked(int(what)))
        else:
            self.post_message(self.StatusClicked(what))

    def _status_line(self, width: int) -> Line:
        room = width - 2
        status = self._status_pieces(room - min(20, room // 2))
        crumbs = self._crumb_pieces(room - _cells(status) - (2 if status else 0))
        gap = room - _cells(crumbs) - _cells(status)
        return [Piece(" "), *crumbs, Piece(" " * max(0, gap)), *status, Piece(" ")]

    def _status_pieces(self, room: int) -> list[Piece]:
        """Status from the right: the link mark always, then as many items as fit."""
        pieces = self._link_pieces(room)
        for item in reversed(self._status):
            text = clean(item.text, 40)
            gap = "  " if pieces else ""
            if _cells(pieces) + cell_len(text) + len(gap) > room:
                break
            hit = f"status:{item.name}" if item.name else ""
            pieces = [Piece(text, item.tone, hit), *([Piece(gap)] if gap else []), *pieces]
        return pieces

    def _link_pieces(self, room: int) -> list[Piece]:
        if self._link == "live":
            return []
        text = f"{self._link.upper()} {clean(self._link_note, 40)}".strip()
        return [Piece(cut(text, room), _LINK_TONES[self._link])]

    def _crumb_pieces(self, room: int) -> list[Piece]:
        """Breadcrumbs in `room` cells: the first ones give way to the last."""
        texts = [clean(crumb, 60) for crumb in self._crumbs]
        separator = f" {glyphs.CRUMB} "
        start = 0
        while start < len(texts) - 1 and _joined_cells(texts[start:], start > 0) > room:
            start += 1
        pieces = [Piece(f"{glyphs.MORE}{separator}", "muted")] if start else []
        for index in range(start, len(texts)):
            last = index == len(texts) - 1
            text = cut(texts[index], max(0, room - _cells(pieces))) if last else texts[index]
            pieces.append(Piece(text, "strong" if last else "muted", f"crumb:{index}"))
            if not last:
                pieces.append(Piece(separator, "faint"))
        return pieces

    def _tab_line(self, width: int) -> Line:
        short = width < _NARROW
        *better, least = self._forms(short)
        tabs = next((tabs for tabs in better if sum(map(_cells, tabs)) <= width), least)
        spare = (width - sum(map(_cells, tabs))) // max(1, len(tabs))
        gap = Piece(" " * min(2, max(0, spare)))
        return [piece for tab in tabs for piece in (*tab, gap)]

    def _forms(self, short: bool) -> list[list[list[Piece]]]:
        """All tabs, from the fullest form to the least: half a word helps nobody, a digit is enough to go there.

        The counts of other panes go before any word does; what is urgent keeps its mark.
        """

        def bare(tab: PaneTab) -> PaneTab:
            return tab if tab.name == self._active else msgspec.structs.replace(tab, count="")

        return [
            [self._tab(tab, short) for tab in self._tabs],
            [self._tab(bare(tab), short) for tab in self._tabs],
            [self._tab(msgspec.structs.replace(tab, count=""), short) for tab in self._tabs],
            [self._tab(tab, short) if tab.name == self._active else self._digit(tab) for tab in self._tabs],
        ]

    def _tab(self, tab: PaneTab, short: bool) -> list[Piece]:
        """`[2 RUNS 340]` for the pane on screen, ` 3 Models 3 ` for the others."""
        label = clean((tab.short if short else "") or tab.label, 20)
        hit = f"pane:{tab.name}"
        count = clean(tab.count, 12) + ("!" if tab.urgent else "")
        tone = "warn" if tab.urgent else "muted"
        if tab.name == self._active:
            text = f"[{tab.key} {label.upper()}{' ' if count else ''}"
            return [
                Piece(text, "title", hit),
                Piece(count, "warn" if tab.urgent else "title", hit),
                Piece("]", "title", hit),
            ]
        return [
            Piece(f" {tab.key} ", "key", hit),
            Piece(label, "", hit),
            Piece(f" {count}" if count else "", tone, hit),
            Piece(" "),
        ]

    def _digit(self, tab: PaneTab) -> list[Piece]:
        hit = f"pane:{tab.name}"
        return [Piece(f" {tab.key}", "key", hit), Piece("!" if tab.urgent else "", "warn", hit), Piece(" ")]


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in pieces)


def _joined_cells(texts: Sequence[str], shortened: bool) -> int:
    return sum(map(cell_len, texts)) + 3 * (len(texts) - 1) + (4 if shortened else 0)
