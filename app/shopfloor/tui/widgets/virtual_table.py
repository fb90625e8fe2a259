"""A table for up to a million live rows, drawn line by line.

Textual's `DataTable` costs 9 s for 50,000 rows and repaints itself whole for one changed cell
(measured, `reference/terminal.md` §2.3); this one asks its owner for the rows around the screen
and sends only lines that differ.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.rows import PAGE, Cell, Row
from shopfloor.tui.widgets.table_face import TableFace

__all__ = ["Cell", "Row", "TableColumn", "VirtualTable"]


class VirtualTable(TableFace, can_focus=True):
    """Rows under columns, with a cursor that belongs to a row key, and marks.

    Small lists: `set_rows(rows)`. Long lists: construct with `windowed=True`, answer every
    `WindowWanted` with `set_window(…)`, and call `expire()` when the data may have changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="table.half_up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="table.half_down"),
        Binding("home,g", "first", "First row", show=False, id="table.first"),
        Binding("end,G", "last", "Last row", show=False, id="table.last"),
        Binding("left", "sideways(-1)", "Columns left", show=False, id="table.left"),
        Binding("right", "sideways(1)", "Columns right", show=False, id="table.right"),
        Binding("enter", "open", "Open", show=False, id="table.open"),
        Binding("space", "mark", "Mark", show=False, id="table.mark"),
    ]

    class FromTable(Message):
        """Root of this widget's messages; `table` is the sender."""

        def __init__(self, table: VirtualTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> VirtualTable:
            return self.table

    class RowOpened(FromTable):
        """Enter or a click on a row."""

        def __init__(self, table: VirtualTable, key: str) -> None:
            super().__init__(table)
            self.key = key

    class RowHighlighted(FromTable):
        """The cursor stands on another row; `key` is None when the list became empty."""

        def __init__(self, table: VirtualTable, key: str | None) -> None:
            super().__init__(table)
            self.key = key

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, VirtualTable.RowHighlighted)

    class MarksChanged(FromTable):
        """The set of marked keys changed."""

        def __init__(self, table: VirtualTable, keys: frozenset[str]) -> None:
            super().__init__(table)
            self.keys = keys

    class SortRequested(FromTable):
        """The title of a sortable column was clicked."""

        def __init__(self, table: VirtualTable, column: str) -> None:
            super().__init__(table)
            self.column = column

    class WindowWanted(FromTable):
        """Rows `first … first + count - 1` are needed; answer with `set_window`."""

        def __init__(self, table: VirtualTable, first: int, count: int) -> None:
            super().__init__(table)
            self.first = first
            self.count = count

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, VirtualTable.WindowWanted)

    def __init__(
        self,
        columns: Sequence[TableColumn] = (),
        *,
        windowed: bool = False,
        empty: Content | str = "Nothing here.",
        sideways: bool = False,
        frozen: int = 0,
        markable: bool = True,
        open_on_click: bool = True,
        news: str = "newer",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        """
        Args:
            columns: What to show, in order.
            windowed: Ask for rows through `WindowWanted` instead of waiting for `set_rows`.
            empty: Shown in the middle when there are no rows: what, why, next key.
            sideways: Keep every column and scroll with left and right, instead of dropping some.
            frozen: With `sideways`, how many columns stay in place at the left.
            markable: Whether space marks rows.
            open_on_click: Post `RowOpened` on the first click; else only on the cursor's row.
            news: Word for rows that appear above the screen.
        """
        self._windowed = windowed
        self._open_on_click = open_on_click
        self._announced: str | None = None
        super().__init__(
            columns,
            empty=empty,
            sideways=sideways,
            frozen=frozen,
            markable=markable,
            news=news,
            name=name,
            id=id,
            classes=classes,
            disabled=disabled,
        )

    # -- data ---------------------------------------------------------------------------------

    def set_rows(self, rows: Sequence[Row], *, query: Hashable = None) -> None:
        """Show exactly these rows.

        `query` names filter and order; pass another value when they change, so that rows which
        appear for that reason are not announced as new.
        """
        top = self._state.take_rows(rows, query, self._top, self._body)
        self._adopt(top)

    def set_window(
        self,
        first: int,
        rows: Sequence[Row],
        total: int,
        revision: int = 0,
        *,
        query: Hashable = None,
    ) -> None:
        """Take in rows `first …` of a list of `total`, true at `revision` of the data.

        Rows of an older revision stay on screen until their newer ones arrive.
        """
        state = self._state
        top = state.take_window(first, rows, total, revision, query, self._top, self._body)
        self._adopt(top, answered=first)

    def expire(self) -> None:
        """Ask again for the rows around the screen; what is shown stays until they come."""
        if self._state.loaded:
            self._state.expire()
            self._ask()
        elif self._windowed and self.is_mounted:
            self.post_message(self.WindowWanted(self, 0, 2 * PAGE))

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return self._columns

    @columns.setter
    def columns(self, columns: Sequence[TableColumn]) -> None:
        self._columns = tuple(columns)
        self._left = 0
        self._place_columns()
        self._touch()

    @property
    def sort(self) -> tuple[str, bool] | None:
        """`(column key, descending)` shown as an arrow; the owner does the sorting."""
        return self._sort

    @sort.setter
    def sort(self, sort: tuple[str, bool] | None) -> None:
        self._sort = sort
        self._touch()

    @property
    def empty(self) -> Content | str:
        return self._empty

    @empty.setter
    def empty(self, empty: Content | str) -> None:
        self._empty = empty
        self._touch()

    # -- cursor and marks -----------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return self._state.total

    @property
    def cursor_key(self) -> str | None:
        """Key of the row under the cursor; None when there is none or it is still on its way."""
        return self._state.key

    @property
    def cursor_index(self) -> int:
        return self._state.cursor

    @property
    def cursor_row(self) -> Row | None:
        return self._state.cache.get(self._state.cursor)

    @property
    def marks(self) -> frozenset[str]:
        """Keys marked with space. They outlive filters, so that marks can be gathered."""
        return frozenset(self._state.marks)

    @marks.setter
    def marks(self, keys: Iterable[str]) -> None:
        wanted = set(keys)
        if wanted != self._state.marks:
            self._state.marks = wanted
            self._touch()
            self.post_message(self.MarksChanged(self, self.marks))

    @property
    def unseen(self) -> int:
        """Rows that appeared above the screen since the user was last at the top."""
        return self._state.unseen

    def move_to_key(self, key: str) -> bool:
        """Put the cursor on the row `key`, with its surroundings in sight; False when it is not remembered."""
        place = self._state.place(key)
        if place is None:
            return False
        lowest = max(0, self._state.total - self._page)
        self._look_from(max(0, min(place - self._page // 2, lowest)))
        self.move_to(place)
        return True

    def move_to(self, index: int) -> None:
        """Put the cursor on row `index` and show it."""
        self._state.move(index)
        self._look_from(self._state.reveal(self._top, self._body))
        self._after_move()

    def action_cursor(self, rows: int) -> None:
        self.move_to(self._state.cursor + rows)

    def action_page(self, pages: float) -> None:
        step = max(1, int(self._page * abs(pages))) * (1 if pages > 0 else -1)
        self._look_from(self._top + step)
        self.move_to(self._state.cursor + step)

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self._state.total - 1)

    def action_sideways(self, columns: int) -> None:
        """Scroll a wide table by whole columns; else the key is somebody else's."""
        edges = [slot.x for slot in self._slots[self._frozen :]]
        if not self._sideways or not edges:
            raise SkipAction
        origin, last = edges[0], self._slots[-1]
        most = max(0, last.x + last.width - self._cells_wide)
        stops = sorted({min(edge - origin, most) for edge in edges})
        here = max(i for i, stop in enumerate(stops) if stop <= self._left)
        self._left = stops[max(0, min(here + columns, len(stops) - 1))]
        self._touch()

    def action_open(self) -> None:
        if self._state.key is not None:
            self.post_message(self.RowOpened(self, self._state.key))

    def action_mark(self) -> None:
        if self._markable and self._state.key is not None:
            self.marks = self._state.marks ^ {self._state.key}

    # -- view -----------------------------------------------------------------------------------

    def _adopt(self, top: int, answered: int | None = None) -> None:
        self._look_from(top)
        self._after_move(answered)

    def _after_move(self, answered: int | None = None) -> None:
        self._touch()
        self._announce()
        self._ask(answered)

    def _announce(self) -> None:
        key = self._state.key
        if key != self._announced and (key is not None or self._state.total == 0):
            self._announced = key
            self.post_message(self.RowHighlighted(self, key))

    def _ask(self, answered: int | None = None) -> None:
        wanted = self._state.want(self._top, self._body, answered)
        if wanted is not None:
            self.post_message(self.WindowWanted(self, *wanted))

    def on_mount(self) -> None:
        if self._windowed and not self._state.loaded:
            self.post_message(self.WindowWanted(self, 0, 2 * PAGE))

    def on_resize(self) -> None:
        self._place_columns()
        if self._state.loaded:
            self._look_from(self._state.reveal(self._top, self._body))
            self._after_move()

    def on_focus(self) -> None:
        self._touch()

    def on_blur(self) -> None:
        self._touch()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._state.scrolled(self._top)
            self._touch()
            self._ask()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        event.stop()
        if offset.y == 0:
            self._click_header(offset.x)
        elif self._is_news(offset.y):
            self.action_first()
        elif (index := self._top + offset.y - 1) < self._state.total:
            self._click_row(index, offset.x)

    def _click_header(self, x: int) -> None:
        column = self._column_at(x)
        if column is not None and column.sortable:
            self.post_message(self.SortRequested(self, column.key))

    def _click_row(self, index: int, x: int) -> None:
        again = index == self._state.cursor
        self.move_to(index)
        if self._markable and x < self._gutter:
            self.action_mark()
        elif self._open_on_click or again:
            self.action_open()

    def _column_at(self, x: int) -> TableColumn | None:
        x -= self._gutter
        for position, slot in enumerate(self._slots):
            left = slot.x if position < self._frozen or not self._sideways else slot.x - self._left
            if left <= x < left + slot.width:
                return self._columns[slot.at]
        return None
