"""Pane 4: what needs a person, with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shopfloor.actions.action import Scope
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.record import Record
from shopfloor.domain.requests.alerts import AlertList, CheckList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.views import alerts, words
from shopfloor.tui.widgets.columns import Column
from shopfloor.tui.widgets.detail_pane import Section


class AlertsPane(Pane):
    """Unresolved alerts first."""

    scope = Scope.ALERTS
    nouns = frozenset({"alert", "monitor", "job"})
    title_words: ClassVar[tuple[str, ...]] = ("Alerts",)
    table_columns: ClassVar[tuple[Column, ...]] = alerts.COLUMNS

    DEFAULT_CSS = """
    AlertsPane #detail { width: 50%; }
    """

    async def load(self) -> Listing:
        page = await self.shop.courier.ask(AlertList(query=self.filter_text))
        if not page.total:
            self.empty_text = await self._all_quiet()
        return Listing([alerts.row(one) for one in page.rows], {one.id: one for one in page.rows}, page.total)

    async def _all_quiet(self) -> str:
        """Quiet must prove that somebody looked."""
        last = (await self.shop.courier.ask(JobList(kind="monitor", limit=1))).rows
        watched = self.shop.status.models if self.shop.status is not None else 0
        if not last or last[0].finished_at is None:
            defined = f"{words.many(watched, 'model')} defined, none checked yet: it happens with use."
            return f"No alerts.\n\n{defined}\nm on a model (3) checks it now."
        ended = f"the last check ended {words.ago(last[0].finished_at)} ago ({last[0].subject})"
        return f"All quiet.\n\n{words.many(watched, 'model')} watched; {ended}.\nm on a model (3) checks it now."

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, AlertRecord)
        try:
            history = (await self.shop.courier.ask(CheckList(model=record.subject, history=True, limit=600))).rows
        except ShopfloorError:
            history = ()
        return alerts.sections(record, history)
