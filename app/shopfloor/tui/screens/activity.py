"""Pane 5: what runs, what waits, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shopfloor.actions.panes import Scope
from shopfloor.domain.event import Event
from shopfloor.domain.job import JobRecord
from shopfloor.domain.record import Record
from shopfloor.domain.requests.jobs import EventList, JobList, JobShow
from shopfloor.tui.screens.home import HomePane
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.views import activity
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section

_EVENTS = 1000
_OPEN = {"running": 1000, "cancelling": 1000, "queued": 50}
"""The states of the jobs on top, in their order, and how many of each at most."""
_FAILED = 20


class ActivityPane(Pane):
    """Running, queued and failed or lost jobs on top, then every fact, newest first."""

    scope = Scope.ACTIVITY
    nouns = HomePane.nouns | {"store", "monitor"}
    follows_top: ClassVar[bool] = True
    title_words: ClassVar[tuple[str, ...]] = ("Activity",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = activity.COLUMNS
    empty_text = "No events yet. Drop a file into inbox/NAME/ and watch this pane."

    DEFAULT_CSS = """
    ActivityPane #detail { width: 36%; }
    """

    async def load(self) -> Listing:
        ask = self.shop.client.ask
        jobs: list[JobRecord] = []
        for state, limit in _OPEN.items():
            jobs += (await ask(JobList(state=state, limit=limit))).rows
        jobs += (await ask(JobList(unresolved=True, limit=_FAILED))).rows
        events = (await ask(EventList(tail=_EVENTS))).rows
        wanted = self.filter_text.lower()
        shown = [
            event for event in reversed(events) if wanted in f"{event.kind} {event.subject} {event.message}".lower()
        ]
        records: dict[str, Record] = {job.id: job for job in jobs}
        records.update({f"e{event.seq}": event for event in shown})
        rows = [*map(activity.job_row, jobs), *map(activity.event_row, shown)]
        return Listing(rows, records, len(jobs) + len(events))

    async def detail(self, record: Record) -> Sequence[Section]:
        if isinstance(record, JobRecord):
            return activity.job_sections(record)
        assert isinstance(record, Event)
        job = record.data.get("job")
        if isinstance(job, str):
            return [
                *activity.event_sections(record),
                *activity.job_sections(await self.shop.client.ask(JobShow(id=job))),
            ]
        return activity.event_sections(record)
