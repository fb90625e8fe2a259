"""Pane 0: the whole line at a glance, and what needs a person first.

This is the first picture a person sees: what it needs only once the engine has answered is
imported then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from shopfloor.actions.panes import Scope
from shopfloor.domain.record import Record
from shopfloor.tui.screens.chrome import Chrome
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.footer import ActionFooter
from shopfloor.tui.widgets.rows import Row

_EVENTS = 400
_MOST_EVENTS = 60
_HELD = 1000
_SHOWN = 20
_QUEUED = 200
_LINE_ROWS = 8
_COLUMNS = (
    TableColumn("what", "STATUS", width=11),
    TableColumn("subject", "SUBJECT", ratio=1, min=12, max=18, priority=60),
    TableColumn("message", "MESSAGE", ratio=6, min=36),
    TableColumn("when", "AGE", width=4, align="right", priority=80),
    TableColumn("key", "PANE", width=10, priority=50),
)


class HomePane(Pane):
    """Five stations, then a list: what waits for you, what runs, what happened."""

    scope = Scope.HOME
    nouns = frozenset({
        "*", "progress", "job", "file", "dataset", "run", "release", "alias", "alert", "model", "engine",
        "predictions",
    })  # fmt: skip
    follows_top: ClassVar[bool] = True
    title_words: ClassVar[tuple[str, ...]] = ("Home",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = _COLUMNS
    has_detail = False
    markable = False
    empty_text = (
        "The workspace is empty.\n\nDrop a CSV, Parquet or JSON-lines file into inbox/NAME/ to create dataset NAME.\n"
        "Then press  n  to define a model."
    )

    DEFAULT_CSS = """
    StationLine { margin: 1 0 0 0; }
    HomePane VirtualTable { height: 1fr; }
    """

    def compose(self) -> ComposeResult:
        yield Chrome()
        yield self.make_table()
        yield ActionFooter()

    def crumbs(self) -> Sequence[str]:
        return (self.shop.workspace_name,)

    def on_mount(self) -> None:
        self.table.styles.margin = (_LINE_ROWS, 0, 0, 0)  # where the line will stand

    async def mount_later(self) -> None:
        from shopfloor.tui.screens.station_line import StationLine

        await self.mount(StationLine(), after=self.query_one(Chrome))
        self.table.styles.margin = 0

    async def load(self) -> Listing:
        from shopfloor.domain.requests.alerts import AlertList
        from shopfloor.domain.requests.files import FileList
        from shopfloor.domain.requests.jobs import EventList, JobList
        from shopfloor.domain.requests.models import ModelList
        from shopfloor.tui.screens.station_line import StationLine
        from shopfloor.tui.views import home

        ask = self.shop.client.ask
        models = (await ask(ModelList())).rows
        line = self.query_one_optional(StationLine)
        if line is not None and self.shop.status is not None:
            line.show(home.stations(self.shop.status, models))
        records: dict[str, Record] = {}
        rows: list[Row] = []

        def add(row: Row, record: Record) -> None:
            rows.append(row)
            records[row.key] = record

        first = home.next_row(self.shop.status) if self.shop.status is not None else None
        if first is not None:
            rows.append(first)
        if self.shop.status is not None:
            rows.extend(map(home.undelivered_row, self.shop.status.undelivered))
            for delivery in self.shop.status.in_doubt[:_SHOWN]:
                add(home.doubt_row(delivery), delivery)
        for model in models:
            if model.awaiting_approval is not None or model.pending:
                add(home.approval_row(model), model)
            if model.withdrawn_rows:
                add(home.withdrawn_row(model), model)
        for alert in home.needs((await ask(AlertList(state="open", limit=20, urgent_first=True))).rows):
            add(home.alert_row(alert), alert)
        for file, times in home.held_files((await ask(FileList(state="quarantined", limit=_HELD))).rows)[:_SHOWN]:
            add(home.file_row(file, times), file)
        for job in (await ask(JobList(state="running"))).rows:
            add(home.running_row(job), job)
        for job in (await ask(JobList(unresolved=True, limit=5))).rows:
            add(home.failed_row(job), job)
        for job in (await ask(JobList(state="queued", limit=_QUEUED))).rows:
            if job.error:
                add(home.retried_row(job), job)
        wanted = self.filter_text.lower()
        events = reversed((await ask(EventList(tail=_EVENTS))).rows)
        for event, times in home.recent_events(events)[:_MOST_EVENTS]:
            if wanted in f"{event.kind} {event.subject} {event.message}".lower():
                add(home.event_row(event, times), event)
        return Listing(rows, records)

    def open_selected(self) -> None:
        """Enter; the row that says what to do first has no record, but leads somewhere too."""
        from shopfloor.tui.views.home import NEXT

        if self.table.cursor_key == NEXT:
            self.shop.go("datasets")
        else:
            super().open_selected()

    def opened(self, record: Record) -> bool:
        pane, key = _place(record)
        self.shop.go(pane, select=key)
        return True


def _place(record: Record) -> tuple[str, str]:
    """The pane that a row of the home screen opens, and the key to select there."""
    from shopfloor.domain.event import Event
    from shopfloor.domain.file import FilePurpose, FileRecord
    from shopfloor.domain.job import JobRecord
    from shopfloor.domain.monitor import AlertRecord
    from shopfloor.domain.release import ModelRecord
    from shopfloor.domain.trust import DeliveryTrust

    if isinstance(record, ModelRecord):
        return "models", record.name
    if isinstance(record, AlertRecord):
        return "alerts", record.id
    if isinstance(record, FileRecord):
        return "datasets", record.dataset if record.purpose is FilePurpose.DATA else ""
    if isinstance(record, DeliveryTrust):
        return "datasets", record.dataset
    if isinstance(record, JobRecord):
        return "activity", record.id
    assert isinstance(record, Event)
    return "activity", f"e{record.seq}"
