"""Pane 4: what needs a person, with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shopfloor.actions.panes import Scope
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.requests.alerts import AlertList, AlertShow, CheckList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.text import counted
from shopfloor.tui.screens.pane import Listing
from shopfloor.tui.screens.windowed import WindowedPane
from shopfloor.tui.views import alerts, words
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section

_WINDOW = 200
_EXPORTED = 5_000


class AlertsPane(WindowedPane):
    """Open alerts first, of those the critical ones; as many as there are."""

    scope = Scope.ALERTS
    nouns = frozenset({"alert", "monitor", "job"})
    title_words: ClassVar[tuple[str, ...]] = ("Alerts",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = alerts.COLUMNS

    DEFAULT_CSS = """
    AlertsPane #detail { width: 50%; }
    """

    async def load(self) -> Listing:
        listing = await self.window(self.start, _WINDOW)
        if not listing.rows and listing.total:  # fewer than there were
            listing = await self.window(0, _WINDOW)
        if not listing.total:
            self.empty_text = await self._all_quiet()
        return listing

    async def window(self, first: int, count: int) -> Listing:
        page = await self._page(first, count)
        records = {one.id: one for one in page.rows}
        return Listing([alerts.row(one) for one in page.rows], records, page.total, page.seq, first)

    async def _page(self, first: int, count: int) -> Page[AlertRecord]:
        return await self.shop.client.ask(
            AlertList(query=self.filter_text, urgent_first=True, limit=count, offset=first)
        )

    async def again(self, key: str) -> Record | None:
        return await self.shop.client.ask(AlertShow(id=key))

    async def all_records(self) -> list[Record]:
        """Every alert that matches, not only the loaded windows."""
        found: list[Record] = []
        while True:
            page = await self._page(len(found), _EXPORTED)
            found += page.rows
            if not page.rows or len(found) >= page.total:
                return found

    async def _all_quiet(self) -> str:
        """An empty list must show that the checks ran."""
        last = (await self.shop.client.ask(JobList(kind="monitor", limit=1))).rows
        watched = self.shop.status.models if self.shop.status is not None else 0
        if not last or last[0].finished_at is None:
            defined = f"{counted(watched, 'model')} defined, none checked yet."
            return f"No alerts.\n\n{defined}\nPress m on a model (3) to check it now."
        ended = f"the last check ended {words.ago(last[0].finished_at)} ago ({last[0].subject})"
        return f"No alerts.\n\n{counted(watched, 'model')} watched; {ended}.\nPress m on a model (3) to check it now."

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, AlertRecord)
        try:
            history = (await self.shop.client.ask(CheckList(model=record.subject, history=True, limit=600))).rows
        except ShopfloorError:
            history = ()
        return alerts.sections(record, history)
