"""How a table looks: header, rows, gutter, what is new above, and what to say when it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from shopfloor.domain import numbers
from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, fit
from shopfloor.tui.widgets.columns import ColumnSlot, TableColumn, fit_columns, natural_columns
from shopfloor.tui.widgets.lines import Piece, Toned
from shopfloor.tui.widgets.rows import Row
from shopfloor.tui.widgets.table_state import TableState

_GUTTER = 3  # cursor bar, mark, space
_MARGIN = 2  # space, scroll bar
_CURSOR = "virtual-table--cursor"
_HEADER = "virtual-table--header"
_NEWS = "virtual-table--news"


class TableFace(Toned, ScrollView):
    """The painted half of `VirtualTable`: state in, lines out, and only lines that differ.

    `_painted` remembers what each line on the screen was painted from; a change of state repaints
    the lines whose `_look` is no longer that.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_CURSOR, _HEADER, _NEWS}

    DEFAULT_CSS = """
    TableFace {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .virtual-table--header { color: $text-muted; text-style: bold; }
        & > .virtual-table--cursor { background: $primary 11%; }
        & > .virtual-table--news { background: $panel; color: $text-primary; }
        &:focus > .virtual-table--cursor { background: $primary 24%; color: $text; }
        &:ansi {
            & > .virtual-table--header { color: ansi_default; text-style: bold underline; }
            & > .virtual-table--cursor { background: ansi_default; text-style: bold; }
            & > .virtual-table--news { text-style: bold; }
        }
        &:ansi:focus > .virtual-table--cursor { background: ansi_default; text-style: reverse; }
    }
    """

    def __init__(
        self,
        columns: Sequence[TableColumn],
        *,
        empty: Content | str,
        sideways: bool,
        frozen: int,
        markable: bool,
        news: str,
        name: str | None,
        id: str | None,
        classes: str | None,
        disabled: bool,
    ) -> None:
        self._columns = tuple(columns)
        self._empty = empty
        self._sideways = sideways
        self._frozen = frozen
        self._markable = markable
        self._news = news
        self._sort: tuple[str, bool] | None = None
        self._state = TableState()
        self._placed: tuple[int, tuple[ColumnSlot, ...]] = (-1, ())
        self._left = 0
        self._painted: dict[int, object] = {}
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    @property
    def _top(self) -> int:
        return self.scroll_offset.y

    @property
    def _page(self) -> int:
        return self._state.page(self._body)

    @property
    def _body(self) -> int:
        """Lines under the header."""
        return max(1, self.size.height - 1)

    @property
    def _gutter(self) -> int:
        return _GUTTER if self._markable else _GUTTER - 1

    @property
    def _cells_wide(self) -> int:
        # A margin at the right end belongs to the scroll bar, so that its coming moves nothing.
        return max(0, self.size.width - self._gutter - _MARGIN)

    def _look_from(self, top: int) -> None:
        """Scroll at once, without animation: 406 kB against 18 kB for one jump to the end."""
        self._state.scrolled(top)
        self._measure()
        self.scroll_target_y = top
        self.scroll_y = top

    def _measure(self) -> None:
        """Tell the scroll bar the number of lines.

        Setting `virtual_size` the usual way lays the whole screen out and repaints this widget for
        every row that arrives.
        """
        lines = 1 + self._state.total + bool(self._state.unseen)
        wanted = Size(self.size.width, lines)
        if wanted != self.virtual_size:
            self.set_reactive(Widget.virtual_size, wanted)
            self._scroll_update(wanted)

    def _touch(self) -> None:
        """Repaint the lines that would look different from what stands on the screen."""
        self._measure()
        for y in range(self.size.height):
            if self._painted.get(y) != self._look(y):
                self.refresh(Region(0, y, self.size.width, 1))

    @property
    def _slots(self) -> tuple[ColumnSlot, ...]:
        """Where the columns stand. A neighbour that opens makes the table narrower without an event."""
        if self._placed[0] != self._cells_wide:
            self._place_columns()
        return self._placed[1]

    def _place_columns(self) -> None:
        columns, room = self._columns, self._cells_wide
        slots = natural_columns(columns) if self._sideways else fit_columns(columns, room)
        self._placed = room, tuple(slots)

    def _is_news(self, y: int) -> bool:
        return self._state.unseen > 0 and y == self.size.height - 1

    def _look(self, y: int) -> object:
        """All that line `y` depends on; two equal looks are the same pixels."""
        if y == 0:
            return (self._sort, self._left, self._slots, self._columns)
        if self._is_news(y):
            return self._state.unseen
        if self._state.total == 0:
            return (self._state.loaded, self._empty, self.size)
        index = self._top + y - 1
        row = self._state.cache.get(index)
        at_cursor = index == self._state.cursor
        focus = at_cursor and self.has_focus
        marked = row is not None and row.key in self._state.marks
        held = index < self._state.total
        return (row, held, at_cursor, focus, marked, self._left, self._slots)

    def render_line(self, y: int) -> Strip:
        self._painted[y] = self._look(y)
        width = self.size.width
        if y == 0:
            return self._header_strip(width)
        if self._is_news(y):
            return self._news_strip(width)
        if self._state.total == 0:
            return self._empty_strip(y, width)
        index = self._top + y - 1
        if index >= self._state.total:
            return Strip.blank(width, self.paint(""))
        return self._row_strip(index, width)

    def _header_strip(self, width: int) -> Strip:
        base = _HEADER
        cells = [Piece(self._title(column), self._title_tone(column)) for column in self._columns]
        return self._joined(Piece(" " * self._gutter), cells, base, width)

    def _title(self, column: TableColumn) -> str:
        title = clean(column.title)
        if self._sort is None or self._sort[0] != column.key:
            return title
        arrow = glyphs.DOWN if self._sort[1] else glyphs.UP
        return f"{arrow}{title}" if column.align == "right" else f"{title}{arrow}"

    def _title_tone(self, column: TableColumn) -> str:
        return "key" if self._sort is not None and self._sort[0] == column.key else ""

    def _news_strip(self, width: int) -> Strip:
        count = self._state.unseen
        rows = "row" if count == 1 else "rows"
        text = f"{glyphs.UP} {numbers.count(count)} {self._news} {rows} above {glyphs.DOT} g to go"
        line = [Piece(fit(" " * self._gutter + text, width), "key")]
        return self.strip_of(line, width, _NEWS)

    def _empty_strip(self, y: int, width: int) -> Strip:
        text = self._empty if self._state.loaded else Content(f"Loading{glyphs.MORE}")
        content = text if isinstance(text, Content) else Content(text)
        lines = content.wrap(max(1, min(width - 4, 76)))
        line = y - 1 - max(0, (self.size.height - 1 - len(lines)) // 2)
        if not 0 <= line < len(lines):
            return Strip.blank(width, self.paint(""))
        margin = max(0, (width - lines[line].cell_length) // 2)
        ground = self.paint("muted")
        segments = [Segment(" " * margin, ground)]
        for text, style, _ in lines[line].render_segments(self.visual_style):
            segments += [Segment(text, ground + style if style else ground)]
        return Strip(segments).adjust_cell_length(width, ground)

    def _row_strip(self, index: int, width: int) -> Strip:
        state = self._state
        row = state.cache.get(index)
        base = _CURSOR if index == state.cursor else ""
        gutter = self._gutter_piece(index == state.cursor, row is not None and row.key in state.marks)
        if row is None:
            waiting = [Piece(glyphs.DOT, "faint") for _ in self._columns]
            return self._joined(gutter, waiting, base, width)
        cells = [self._piece(row, position) for position in range(len(self._columns))]
        return self._joined(gutter, cells, base, width)

    def _gutter_piece(self, at_cursor: bool, marked: bool) -> Piece:
        # On a reversed line the half block would turn inside out.
        bar = ">" if self.paint("", _CURSOR).reverse else glyphs.BAR
        bar = bar if at_cursor else " "
        if not self._markable:
            return Piece(f"{bar} ", "key")
        return Piece(f"{bar}{glyphs.MARK if marked else ' '} ", "key")

    @staticmethod
    def _piece(row: Row, position: int) -> Piece:
        if position >= len(row.cells):
            return Piece("", row.tone)
        cell = row.cells[position]
        if isinstance(cell, str):
            return Piece(cell, row.tone)
        return Piece(cell.text, cell.tone or row.tone)

    def _joined(self, gutter: Piece, cells: Sequence[Piece], base: str, width: int) -> Strip:
        """One line: gutter, the columns that stay, and the others from `_left` on."""
        if not self._sideways:
            line = [gutter, *self._laid(cells, self._slots, 0)]
            return self.strip_of(line, width, base)
        still, moving = self._slots[: self._frozen], self._slots[self._frozen :]
        # A table of one column has nothing that moves: then all of it stays.
        origin = moving[0].x if moving else sum((slot.x + slot.width for slot in still[-1:]), 0)
        head = [gutter, *self._laid(cells, still, 0)]
        if still:
            head.append(Piece(" " * (origin - still[-1].x - still[-1].width)))
        start = min(self._gutter + origin, width)
        extent = moving[-1].x + moving[-1].width - origin if moving else 0
        tail = self.strip_of(self._laid(cells, moving, origin), extent, base)
        tail = tail.crop(self._left, self._left + max(0, width - _MARGIN - start))
        whole = Strip.join([self.strip_of(head, start, base), tail])
        return whole.adjust_cell_length(width, self.paint("", base))

    def _laid(self, cells: Sequence[Piece], slots: Sequence[ColumnSlot], x: int) -> list[Piece]:
        """Pieces of the columns in `slots`, each exactly as wide as its slot, from cell `x` on."""
        line: list[Piece] = []
        for slot in slots:
            if slot.x > x:
                line.append(Piece(" " * (slot.x - x)))
            piece, column = cells[slot.at], self._columns[slot.at]
            text = fit(clean(piece.text, slot.width), slot.width, column.align)
            body = text.strip(" ")  # the padding carries no tone: an underline ends with the word
            before = text.index(body)
            line += [Piece(text[:before]), Piece(body, piece.tone), Piece(text[before + len(body) :])]
            x = slot.x + slot.width
        return line
