"""The base of panes whose list is too long to hold: only the rows around the screen are requested."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual import on, work

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.widgets.virtual_table import VirtualTable

_BEFORE = 100
_MOST_RECORDS = 2_000


class WindowedPane(Pane):
    """Subclasses answer `window`; `load` is the window that a fresh picture begins with."""

    windowed: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._shown: Hashable = None

    @property
    def _listed(self) -> Hashable:
        """What names the list: its filter and its order."""
        return (self.filter_text, self.table.sort)

    @property
    def start(self) -> int:
        """The first row of a window around the cursor; of another list than the one shown, its first."""
        return max(0, self.table.cursor_index - _BEFORE) if self._listed == self._shown else 0

    async def window(self, first: int, count: int) -> Listing:
        """Rows `first … first + count - 1` of the list, in its order."""
        raise NotImplementedError

    def show_listing(self, listing: Listing) -> None:
        """Put the window in; rows of older revisions are replaced as they are shown."""
        self._take(listing)

    @on(VirtualTable.WindowRequested)
    def _window_requested(self, event: VirtualTable.WindowRequested) -> None:
        self._send_window(event.first, event.count)

    @work(exclusive=True, group="window", exit_on_error=False)
    async def _send_window(self, first: int, count: int) -> None:
        asked = self._listed
        try:
            listing = await self.window(first, count)
        except ShopfloorError:
            return
        if asked != self._listed:
            return  # rows of a list that is no longer shown
        self._remember(listing.records)
        with self._watching(self._answered):
            self._take(listing)
        self._offer()

    def _take(self, listing: Listing) -> None:
        self._shown = self._listed
        self.table.set_window(listing.first, listing.rows, listing.total, listing.revision, query=self._shown)

    def _remember(self, records: dict[str, Record]) -> None:
        """Records of this window and of recent ones; long scrolling must not fill the memory."""
        kept = {key: one for key, one in self.records.items() if key not in records}
        spare = max(0, len(kept) - _MOST_RECORDS)
        for key in list(kept)[:spare]:
            del kept[key]
        self.records = {**kept, **records}
