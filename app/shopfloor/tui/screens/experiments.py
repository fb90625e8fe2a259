"""Pane 2: runs, as many as there are, and several beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.domain.record import Record
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelList
from shopfloor.domain.requests.runs import RunCompare, RunComparison, RunList, RunShow
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.screens.windowed import WindowedPane
from shopfloor.tui.views import runs
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section

_MOST = 5
_WINDOW = 200


class ExperimentsPane(WindowedPane):
    """Runs, as many as there are."""

    scope = Scope.EXPERIMENTS
    nouns = frozenset({"run", "job", "progress", "release"})
    markable = True
    title_words: ClassVar[tuple[str, ...]] = ("Experiments",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = runs.COLUMNS
    empty_text = "No runs yet.\n\nDefine a model with  n , or go to a model ( 3 ) and press  r  to train it."

    def __init__(self) -> None:
        super().__init__()
        self._metrics: dict[str, str] = {}

    def on_mount(self) -> None:
        self.table.sort = ("created_at", True)  # as the engine lists them: the arrow says so

    async def load(self) -> Listing:
        """The window around the cursor; further ones come as the table asks for them."""
        self._metrics = {model.name: model.metric for model in (await self.shop.client.ask(ModelList())).rows}
        listing = await self.window(self.start, _WINDOW)
        return listing if listing.rows or not listing.total else await self.window(0, _WINDOW)

    async def window(self, first: int, count: int) -> Listing:
        column, falling = self.table.sort or ("created_at", True)
        sort = f"{'-' if falling else ''}{column}"
        page = await self.shop.client.ask(RunList(query=self.filter_text, sort=sort, limit=count, offset=first))
        best = runs.best_scores(page.rows, self._metrics)
        progress = await self._progress(page.rows)
        rows = [
            runs.row(run, best.get(runs.scored_on(run)), progress.get(run.id), metric=self._metrics.get(run.model, ""))
            for run in page.rows
        ]
        return Listing(rows, {run.id: run for run in page.rows}, page.total, page.seq, first)

    async def again(self, key: str) -> Record | None:
        return await self.shop.client.ask(RunShow(id=key))

    async def _progress(self, found: Sequence[RunRecord]) -> dict[str, float]:
        if not any(run.state is RunState.RUNNING for run in found):
            return {}
        live = {job.id: job.progress for job in (await self.shop.client.ask(JobList(state="running"))).rows}
        shares = {run.id: live.get(run.job or "") for run in found}
        return {id: share for id, share in shares.items() if share is not None}

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, RunRecord)
        metric = self._metrics.get(record.model, "")
        known = [one for one in self.records.values() if isinstance(one, RunRecord)]
        return runs.sections(record, metric, runs.best_of(record, known, metric))

    async def all_records(self) -> list[Record]:
        """Every run that matches, not only the loaded windows."""
        found: list[Record] = []
        while True:
            page = await self.shop.client.ask(RunList(query=self.filter_text, limit=5000, offset=len(found)))
            found += page.rows
            if not page.rows or len(found) >= page.total:
                return found

    def arrive(self, select: str, query: str) -> None:
        """A run that is not in the first window is found by its id."""
        super().arrive(select, query or (select if select and select not in self.records else ""))

    def do_local(self, action: Action, record: Record | str | None, given: dict[str, str]) -> None:
        if action.name != "view.compare":
            return
        ids = tuple(sorted(self.table.marks, key=lambda key: (len(key), key)))
        if not 2 <= len(ids) <= _MOST:
            self.shop.show_message(f"Mark two to {_MOST} runs with space, then press c.", tone="warning")
            return
        self.app.push_screen(ComparisonPane(ids))


class ComparisonPane(Pane):
    """Several runs beside each other, only what differs."""

    scope = Scope.EXPERIMENTS
    title_words: ClassVar[tuple[str, ...]] = ("Experiments", "compare")
    has_detail = False
    empty_text = "These runs have the same params and metrics."

    def __init__(self, ids: tuple[str, ...]) -> None:
        super().__init__()
        self._ids = ids

    def crumbs(self) -> Sequence[str]:
        return (self.shop.workspace_name, "Experiments", " · ".join(self._ids))

    async def load(self) -> Listing:
        comparison: RunComparison = await self.shop.client.ask(RunCompare(ids=self._ids))
        self.table.columns = runs.comparison_columns(comparison)
        return Listing(runs.comparison_rows(comparison), {})

    def opened(self, record: Record) -> bool:
        return True
