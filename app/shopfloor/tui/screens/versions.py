"""Below a dataset: its versions, the rows of one, and what its columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.domain.requests.datasets import DatasetDiff, DatasetPreviewShow, DatasetProfileShow, DatasetVersions
from shopfloor.domain.text import counted
from shopfloor.tui.performing import show_error
from shopfloor.tui.screens.detail import DetailScreen
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.views import datasets, versions
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import DetailPane, Section
from shopfloor.tui.widgets.footer import PINNED, ActionFooter, FooterItem
from shopfloor.tui.widgets.virtual_table import VirtualTable

_ROWS = 500
_SLOW = 620.0  # the engine ends what takes longer than ten minutes


def _view_action(key: str, name: str, label: str, text: str, rank: int) -> Action:
    return Action(
        name=name, key=key, label=label, help=text, scopes=(Scope.DATASETS,), records=(DatasetVersion,), rank=rank
    )


ROWS = _view_action("w", "dataset.rows", "Rows", "Show the first rows of this version.", 16)
PROFILE = _view_action("u", "dataset.profile", "Columns", "Profile the columns of this version.", 17)


class VersionsPane(Pane):
    """Versions of one dataset, newest first; two marked ones are compared."""

    scope = Scope.DATASETS
    nouns = frozenset({"dataset"})
    title_words: ClassVar[tuple[str, ...]] = ("Datasets", "versions")
    table_columns: ClassVar[tuple[TableColumn, ...]] = datasets.VERSION_COLUMNS
    local_actions: ClassVar[tuple[Action, ...]] = (ROWS, PROFILE)
    markable = True

    def __init__(self, dataset: str) -> None:
        super().__init__()
        self._dataset_name = dataset

    def crumbs(self) -> Sequence[str]:
        return (self.shop.workspace_name, "Datasets", self._dataset_name, "versions")

    async def load(self) -> Listing:
        page = await self.shop.client.ask(DatasetVersions(name=self._dataset_name, limit=5000))
        wanted = self.filter_text.lower()
        shown = [one for one in page.rows if wanted in f"@{one.version} {one.cause}".lower()]
        records: dict[str, Record] = {f"{one.dataset}@{one.version}": one for one in shown}
        return Listing([datasets.version_row(one) for one in shown], records, page.total)

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, DatasetVersion)
        return datasets.version_sections(record)

    def do_local(self, action: Action, record: Record | str | None, given: dict[str, str]) -> None:
        if action in self.local_actions and isinstance(record, DatasetVersion):
            self._open_view(action, record)
        if action.name != "view.compare":
            return
        refs = sorted(self.table.marks, key=lambda ref: (len(ref), ref))
        if len(refs) != 2:
            self.shop.show_message("Mark two versions with space, then press c.", tone="warning")
            return
        self.shop.keys.opens(self._compare(refs[0], refs[1]))

    def _open_view(self, action: Action, record: DatasetVersion) -> None:
        ref = f"{record.dataset}@{record.version}"
        self.app.push_screen(RowsPane(ref) if action is ROWS else ProfileScreen(self, record, ref))

    @work(exclusive=True, group="compare", exit_on_error=False)
    async def _compare(self, left: str, right: str) -> None:
        from shopfloor.tui.showing import AnswerScreen

        self.shop.show_message(f"Comparing {left} and {right}; reading the rows of parts that differ.")
        try:
            diff = await self.shop.client.ask(DatasetDiff(left=left, right=right, rows=True), timeout=_SLOW)
        except ShopfloorError as error:
            show_error(self.shop, error, "The versions could not be compared.")
            return
        if await self.shop.turn("The comparison is there"):
            self.app.push_screen(AnswerScreen(versions.sections(diff)))


class RowsPane(Pane):
    """The first rows of a version; left and right scroll through its columns."""

    scope = Scope.DATASETS
    title_words: ClassVar[tuple[str, ...]] = ("Datasets", "rows")
    has_detail = False

    def __init__(self, ref: str) -> None:
        super().__init__()
        self._ref = ref

    def crumbs(self) -> Sequence[str]:
        return (self.shop.workspace_name, "Datasets", self._ref, "rows")

    def make_table(self) -> VirtualTable:
        return VirtualTable((), sideways=True, frozen=1, markable=False, empty="Loading…", id="list")

    async def load(self) -> Listing:
        preview = await self.shop.client.ask(DatasetPreviewShow(ref=self._ref, limit=_ROWS))
        columns = datasets.preview_columns(preview)
        if self.table.columns != columns:
            self.table.columns = columns
        wanted = self.filter_text.lower()
        rows = [
            row
            for row, values in zip(datasets.preview_rows(preview), preview.rows, strict=True)
            if wanted in " ".join(value or "" for value in values).lower()
        ]
        return Listing(rows, {}, preview.total)

    def opened(self, record: Record) -> bool:
        return True


class ProfileScreen(DetailScreen):
    """What every column of a version holds."""

    async def _show(self) -> None:
        whole, footer = self.query_one("#whole", DetailPane), self.query_one(ActionFooter)
        footer.set_items([FooterItem("view.back", "esc", "Back"), *PINNED])
        if not whole.children:  # a first profile reads every part, which may take a while
            await whole.show([Section("wait", self._key, "Profiling the columns…")])
        try:
            profile = await self.shop.client.ask(DatasetProfileShow(ref=self._key), timeout=_SLOW)
            sections = datasets.profile_sections(profile.columns, f"{self._key}, {counted(profile.rows, 'row')}")
        except ShopfloorError as error:
            sections = [Section("error", "Not available", f"{error.message} {error.hint}")]
        await whole.show(sections)
