"""The base of the panes: a live list, its detail, filter, command line, help, footer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.domain.errors import ShopfloorError, UsageError
from shopfloor.domain.numbers import count
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.tui.key_order import Typed
from shopfloor.tui.screens.chrome import Chrome
from shopfloor.tui.screens.live import Live
from shopfloor.tui.screens.pane_keys import PaneKeys, key_name
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.footer import ActionFooter, FooterItem
from shopfloor.tui.widgets.header import StatusHeader
from shopfloor.tui.widgets.rows import Row
from shopfloor.tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from shopfloor.tui.widgets.command_line import CommandLine
    from shopfloor.tui.widgets.detail_pane import Section
    from shopfloor.tui.widgets.filter_input import FilterInput
    from shopfloor.tui.widgets.help_dialog import HelpDialog

_DETAIL_DELAY = 0.15
_RELOAD_EVERY = 1.0
_WIDE = 100
_HUGE = 140
_KEYS_OF_THE_TABLE = frozenset({"view.open", "view.mark", "view.top", "view.bottom"})
_ABOUT_NO_ROW = frozenset({"view.filter", "view.command", "view.back", "view.refresh", "view.pause", "app.quit"})
_PATIENCE = 5.0  # seconds after which keys about a row do not wait for the rows
_GLANCE = 0.4  # seconds in which nobody can have seen that another row is under the cursor


class Listing:
    """What a pane shows now: rows and the records behind them, by key."""

    def __init__(
        self,
        rows: Sequence[Row],
        records: Mapping[str, Record],
        total: int | None = None,
        revision: int = 0,
        first: int = 0,
    ) -> None:
        """`first` is the place of the first row in a list of `total`, of which these are a window."""
        self.rows = rows
        self.records = dict(records)
        self.total = len(rows) if total is None else total
        self.revision = revision
        self.first = first


class Pane(Live):
    """A list with a detail. Subclasses say what to load and how to show it; nothing here knows a noun."""

    scope: ClassVar[Scope]
    nouns: ClassVar[frozenset[str]] = frozenset()
    title_words: ClassVar[tuple[str, ...]] = ()
    table_columns: ClassVar[tuple[TableColumn, ...]] = ()
    local_actions: ClassVar[tuple[Action, ...]] = ()
    has_detail: ClassVar[bool] = True
    markable: ClassVar[bool] = False
    windowed: ClassVar[bool] = False
    follows_top: ClassVar[bool] = False
    empty_text: str = "Nothing here."
    AUTO_FOCUS: ClassVar[str | None] = "VirtualTable"

    DEFAULT_CSS = """
    Pane { layout: vertical; }
    Pane > Horizontal { height: 1fr; }
    Pane VirtualTable { width: 1fr; }
    Pane #detail { width: 45%; display: none; border-left: vkey $border-blurred; }
    Pane.-wide #detail { display: block; }
    Pane #pictures { width: 31%; display: none; border-left: vkey $border-blurred; }
    Pane.-huge #detail { width: 37%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, Record] = {}
        self.filter_text = ""
        self._unfiltered = 0
        self._stale = True
        self._drawn = False
        self._ready = False
        self._loaded_at = 0.0
        self.paused = False
        self._wanted = ""
        self._asked, self._answered = 0, -1  # how often a person asked for other rows, and what stands there
        self._asked_at = time.monotonic()
        self._slipped = 0.0  # when the cursor last lost its row
        self._spoken_of: Record | None = None  # what the `:` line was opened on
        self._preset = ""

    @property
    def table(self) -> VirtualTable:
        """The list."""
        return self.query_one("#list", VirtualTable)

    # -- what a pane is ----------------------------------------------------------------------

    async def load(self) -> Listing:
        """Ask the engine for what the list shows."""
        raise NotImplementedError

    async def detail(self, record: Record) -> Sequence[Section]:
        """Sections about the selected record."""
        return []

    async def again(self, key: str) -> Record | None:
        """The record of a row as it is now; None when it is gone."""
        return (await self.load()).records.get(key)

    def open_record(self, record: Record) -> Screen[None] | None:
        """The screen that enter opens; None shows the detail on the whole screen."""
        return None

    def opened(self, record: Record) -> bool:
        """Enter was pressed; True when the pane did something else than open a screen."""
        return False

    def crumbs(self) -> Sequence[str]:
        """Where the user is."""
        return (self.shop.workspace_name, *self.title_words)

    # -- building ----------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Chrome()
        with Horizontal():
            yield self.make_table()
            if self.has_detail:
                from shopfloor.tui.widgets.detail_pane import DetailPane

                yield DetailPane(id="detail")
                yield DetailPane(id="pictures")
        yield ActionFooter()

    def make_table(self) -> VirtualTable:
        """The list widget."""
        return VirtualTable(
            self.table_columns,
            windowed=self.windowed,
            markable=self.markable,
            empty="Connecting to the engine…" if self.shop.status is None else "Loading…",
            open_on_click=False,
            id="list",
        )

    def on_mount(self) -> None:
        """Textual calls this for the base class also where a pane has its own."""
        self._classify(self.size.width)
        self.query_one(Chrome).set_crumbs(self.crumbs())

    def drawn(self) -> None:
        """The screen stands on the terminal: what its first picture is without may cost time now."""
        if not self._drawn:
            self._drawn = True
            self.call_later(self._mount_prompts)

    async def _mount_prompts(self) -> None:
        """What the first picture is without: two hidden lines to type in, and the keys of the footer."""
        from shopfloor.tui.widgets.command_line import CommandLine
        from shopfloor.tui.widgets.filter_input import FilterInput

        table = self.table
        body = table if table.parent is self else self.query_one(Horizontal)
        with self.app.batch_update():
            await self.mount(FilterInput(), before=body)
            await self.mount(CommandLine())
            await self.mount_later()
            self._ready = True
            self._offer()
        self._filter_by(self._preset)
        if self._stale:
            self.reload()

    async def mount_later(self) -> None:
        """More that the first picture is without."""

    def on_resize(self, event: events.Resize) -> None:
        self._classify(event.size.width)
        self._offer()
        self.show_detail()

    def _classify(self, width: int) -> None:
        self.set_class(width >= _WIDE, "-wide")
        self.set_class(width >= _HUGE, "-huge")

    def on_screen_resume(self) -> None:
        self.status_changed()
        if self._stale and self._ready:
            self._ask_anew()
            self.reload()

    # -- staying live ------------------------------------------------------------------------

    def changed(self, nouns: frozenset[str]) -> None:
        """Facts were committed; reload soon when they concern this pane, and only when it is seen."""
        if not (nouns & self.nouns or "*" in nouns):
            return
        self._stale = True
        if self.is_current and self._ready and not self.paused:
            self.reload()

    def status_changed(self) -> None:
        """The workspace's figures changed."""
        if self.is_current:
            chrome = self.query_one(Chrome)
            chrome.show(self.shop, self.scope)
            if self.paused:
                chrome.set_link("paused")

    @work(exclusive=True, group="reload", exit_on_error=False)
    async def reload(self) -> None:
        """Load and show; at most once a second, however many events arrive."""
        wait = self._loaded_at + _RELOAD_EVERY - time.monotonic()
        if self._loaded_at and wait > 0:
            await asyncio.sleep(wait)
        self._stale = False
        asked = self._asked
        try:
            listing = await self.load()
        except ShopfloorError as error:
            self._stale, self._answered = True, asked
            self.table.empty = safe(error.message, 200) + (f"\n\n{safe(error.hint, 200)}" if error.hint else "")
            if isinstance(error, UsageError) and self.filter_text:
                self._refuse_filter()
            return
        self._loaded_at = time.monotonic()
        self.records = listing.records
        self.table.empty = self.empty_text if not self.filter_text else "No matches. Press esc to show all rows."
        with self._watching(asked):
            self.show_listing(listing)
        if self._wanted and self.table.move_to_key(self._wanted):
            self._wanted = ""
        self._count(listing)
        self._offer()
        self.show_detail()

    def _refuse_filter(self) -> None:
        """What was typed to filter is not understood: nothing is listed, so that the reason stands there."""
        self.records = {}
        self.show_listing(Listing([], {}))
        line = self._filter_line()
        if line is not None:
            line.set_info("invalid filter")

    def _count(self, listing: Listing) -> None:
        """How many rows the filter leaves, of how many: the engine counts only those that match."""
        if not self.filter_text:
            self._unfiltered = listing.total
        line = self._filter_line()
        if line is not None:
            shown, whole = self.table.row_count, max(listing.total, self._unfiltered)
            line.set_info(f"{count(shown)} of {count(whole)}" if self._unfiltered else f"{count(shown)} found")

    def show_listing(self, listing: Listing) -> None:
        """Put the rows in; what did not change is not painted again.

        A feed that nobody moved in stays at its newest row; elsewhere the cursor keeps its row.
        """
        follow = self.follows_top and self.table.cursor_index <= 0
        self.table.set_rows(listing.rows, query=(self.filter_text, self.table.sort))
        if follow:
            self.table.move_to(0)

    @contextmanager
    def _watching(self, asked: int) -> Iterator[None]:
        """Rows are taken in: note when the cursor loses its row though nobody asked for other rows."""
        before, expected = self.table.cursor_key, self._answered < self._asked
        yield
        if before not in {None, self.table.cursor_key} and not expected:
            self._slipped = time.monotonic()
        self._answered = max(self._answered, asked)

    def retitle(self) -> None:
        """The breadcrumbs changed."""
        self.query_one(Chrome).set_crumbs(self.crumbs())

    # -- the selected record -----------------------------------------------------------------

    @property
    def selected(self) -> Record | None:
        """The record under the cursor."""
        key = self.table.cursor_key
        return self.records.get(key) if key is not None else None

    @on(VirtualTable.RowHighlighted)
    def _highlighted(self) -> None:
        self._offer()
        self.show_detail()

    @work(exclusive=True, group="detail", exit_on_error=False)
    async def show_detail(self) -> None:
        """Fill the detail pane once the cursor rests."""
        if not (self.has_detail and self.has_class("-wide")):
            return
        from shopfloor.tui.widgets.detail_pane import Section

        await asyncio.sleep(_DETAIL_DELAY)
        record = self.selected
        try:
            sections = await self.detail(record) if record is not None else []
        except ShopfloorError as error:
            sections = [Section("error", "Not available", error.message)]
        await self._spread(sections)

    async def _spread(self, sections: Sequence[Section]) -> None:
        """Text beside the list; where there is room for a third column, charts are in it."""
        from shopfloor.tui.widgets.detail_pane import Chart, DetailPane, Histogram

        apart = self.has_class("-huge")
        pictures = [one for one in sections if apart and isinstance(one.body, Chart | Histogram)]
        column = self.query_one("#pictures", DetailPane)
        with self.app.batch_update():
            column.display = bool(pictures)
            await self.query_one("#detail", DetailPane).show([one for one in sections if one not in pictures])
            await column.show(pictures)

    @on(VirtualTable.RowOpened)
    def _opened(self) -> None:
        self.open_selected()

    def open_selected(self) -> None:
        """Enter: one step deeper. Where the detail does not fit beside the list it comes first."""
        record = self.selected
        if record is None or self.opened(record):
            return
        screen = self.open_record(record) if self.has_class("-wide") or not self.has_detail else None
        if screen is None:
            self.shop.open_detail(self, record, self.table.cursor_key or "")
        else:
            self.app.push_screen(screen)

    # -- actions -----------------------------------------------------------------------------

    @property
    def keys(self) -> PaneKeys:
        """What can be done here."""
        return PaneKeys(self.scope, self.local_actions, self.markable)

    def offered(self, record: Record | None, limit: int) -> list[FooterItem]:
        """What the footer shows for a record."""
        filtered = bool(self.filter_text)
        back = "All rows" if filtered else "Back" if len(self.app.screen_stack) > 1 else ""
        return self.keys.footer(record, limit, back=back, marks=len(self.table.marks))

    def _offer(self) -> None:
        if not self._ready:
            return
        marks = len(self.table.marks)
        items = self.offered(self.selected, 9 if self.size.width >= _WIDE else 5)
        self.query_one(ActionFooter).set_items(items, f"{marks} marked" if marks else "")

    @on(VirtualTable.MarksChanged)
    def _marked(self) -> None:
        self._offer()

    @property
    def typing(self) -> bool:
        """Whether letters are text now."""
        from textual.widgets import Input

        return isinstance(self.focused, Input)

    def takes(self, event: Typed) -> bool:
        """A key about a row waits for the rows that were asked for before it."""
        if not self._ready or isinstance(event, events.Paste):
            return self._ready
        if self.typing:
            return event.key != "enter" or self.rows_stand
        action = self.keys.action(key_name(event), None)
        elsewhere = action is not None and action.goes_to is not None and not action.records
        return elsewhere or (action is not None and action.name in _ABOUT_NO_ROW) or self.rows_stand

    @property
    def rows_stand(self) -> bool:
        """Whether the list shows what was asked for last, or the engine takes too long for keys to wait for it."""
        if self.shop.link_lost or time.monotonic() > self._asked_at + _PATIENCE:
            return True
        seen = self.table.cursor_key is not None or not self.table.row_count
        return seen and self._answered >= self._asked

    def _ask_anew(self) -> None:
        """A person wants other rows: keys about a row wait for them."""
        self._asked += 1
        self._asked_at = time.monotonic()

    def on_key(self, event: events.Key) -> None:
        """Keys that no widget took are actions of the registry."""
        if self.typing:
            return  # escape and enter belong to the line
        action = self.keys.action(key_name(event), self.selected)
        if action is None or (action.name in _KEYS_OF_THE_TABLE and self.focused is self.table):
            return
        event.stop()
        event.prevent_default()
        if action.records and action.asks_engine and not action.shows and event.time < self._slipped + _GLANCE:
            self.shop.show_message("The row under the cursor has just changed. Press again.", tone="warning")
        else:
            self.perform(action)

    @on(ActionFooter.ActionClicked)
    def _clicked(self, event: ActionFooter.ActionClicked) -> None:
        self.perform(self.keys.named(event.name))

    @on(StatusHeader.PaneClicked)
    def _pane_clicked(self, event: StatusHeader.PaneClicked) -> None:
        self.shop.go(event.name)

    @on(StatusHeader.StatusClicked)
    def _status_clicked(self, event: StatusHeader.StatusClicked) -> None:
        self.shop.go(event.name)

    @on(StatusHeader.CrumbClicked)
    def _crumb_clicked(self, event: StatusHeader.CrumbClicked) -> None:
        self.shop.go("home" if event.index == 0 else self.scope.value)

    def perform(self, action: Action) -> None:
        """Do an action on the selected record: view changes here, the rest through the engine."""
        self.shop.do(action, self, self.selected)

    def on_filter_input_changed(self, event: FilterInput.Changed) -> None:
        self.filter_text = event.text.strip()
        self.refresh_now()

    def open_filter(self, text: str | None = None) -> None:
        """The `/` line."""
        line = self._filter_line()
        if line is not None:
            line.open(text)

    def clear_filter(self) -> None:
        """Show all rows again."""
        line = self._filter_line()
        if line is not None:
            line.clear()

    def _filter_line(self) -> FilterInput | None:
        """The `/` line, None in the first moments."""
        from shopfloor.tui.widgets.filter_input import FilterInput

        return self.query_one_optional(FilterInput)

    def open_command(self, text: str = "") -> None:
        """The `:` line."""
        from shopfloor.actions.command import completions
        from shopfloor.tui.widgets.command_line import CommandLine

        line = self.query_one_optional(CommandLine)
        if line is not None:
            self._spoken_of = self.selected if self.rows_stand else None
            line.set_completions(completions())
            line.open(text)

    def on_command_line_submitted(self, event: CommandLine.Submitted) -> None:
        self.shop.command(self, event.text, self._spoken_of or self.selected)

    def arrive(self, select: str, query: str) -> None:
        """Open the pane from another one, with a filter or a row to select."""
        self._filter_by(query)
        if select:
            self._wanted = select
            if self.table.move_to_key(select):
                self._wanted = ""

    def _filter_by(self, text: str) -> None:
        """Show a filter that came with the way here; the list keeps the keys."""
        line = self._filter_line()
        if line is None:
            self._preset = text
        elif text:
            line.open(text, focus=False)

    def refresh_now(self) -> None:
        """Reload from the engine."""
        self._ask_anew()
        self._loaded_at = 0.0
        self.reload()

    def toggle_pause(self) -> None:
        """Freeze the picture, or go on."""
        self.paused = not self.paused
        self.status_changed()
        if not self.paused and self._stale:
            self.reload()

    def sort_next(self) -> None:
        """Sort by the next sortable column."""
        names = [column.key for column in self.table.columns if column.sortable]
        if not names:
            self.shop.show_message("This list has a fixed order: what needs attention comes first.")
            return
        current = self.table.sort[0] if self.table.sort else ""
        self._sort_by(names[(names.index(current) + 1) % len(names)] if current in names else names[0])

    def _sort_by(self, name: str) -> None:
        """Names from the first letter, numbers from the greatest: the best score comes first."""
        falling = any(column.key == name and column.align == "right" for column in self.table.columns)
        self.table.sort = (name, falling)
        self.refresh_now()

    def sort_reverse(self) -> None:
        """Reverse the order."""
        if self.table.sort:
            self.table.sort = (self.table.sort[0], not self.table.sort[1])
            self.refresh_now()

    @on(VirtualTable.SortRequested)
    def _sort_requested(self, event: VirtualTable.SortRequested) -> None:
        if self.table.sort is not None and self.table.sort[0] == event.column:
            self.sort_reverse()
        else:
            self._sort_by(event.column)

    def do_local(self, action: Action, record: Record | str | None, given: dict[str, str]) -> None:
        """Actions that only this pane knows."""

    async def all_records(self) -> list[Record]:
        """What an export holds: the rows of this view."""
        return list(self.records.values())

    def help_dialog(self, record: Record | None = None) -> HelpDialog:
        """`?`: every key of this pane; those of no use now are grey."""
        from shopfloor.tui.widgets.help_dialog import HelpDialog

        title = f"Keys of {' '.join(self.title_words) or 'home'}"
        return HelpDialog(title, self.keys.help(record or self.selected))
