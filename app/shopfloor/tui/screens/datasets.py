"""Pane 1: datasets; below it the files of one dataset, a work list for quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.screen import Screen

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.domain import numbers
from shopfloor.domain.dataset import DatasetRecord
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.reject import Reject
from shopfloor.domain.requests.datasets import DatasetContract, DatasetList, DatasetVersions
from shopfloor.domain.requests.files import FileBytes, FileInspect, FileList, FileRejects, FileShow
from shopfloor.domain.requests.streams import StreamList
from shopfloor.domain.requests.workspace import StatusShow
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.screens.windowed import WindowedPane
from shopfloor.tui.views import datasets, files
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section

_EMPTY = (
    "No datasets yet.\n\nDrop a CSV, Parquet or JSON-lines file into inbox/NAME/: it becomes dataset NAME.\n"
    "Or in a shell:  shopfloor add FILE --dataset NAME"
)
_SHOWN = 5
_REJECTS = 8
_WINDOW = 200
_EXPORTED = 5_000
_RESTING = frozenset({FileState.DUPLICATE, FileState.DISCARDED})


def _view_action(key: str, name: str, label: str, text: str, rank: int) -> Action:
    return Action(
        name=name, key=key, label=label, help=text, scopes=(Scope.DATASETS,), records=(DatasetRecord,), rank=rank
    )


VERSIONS = _view_action(
    "h", "dataset.versions", "Versions", "Show every version of the dataset, and go back to one.", 15
)
ROWS = _view_action("w", "dataset.rows", "Rows", "Show the first rows of the newest version.", 16)
PROFILE = _view_action("u", "dataset.profile", "Columns", "Profile the columns: missing, distinct, distribution.", 17)


class DatasetsPane(Pane):
    """All datasets; enter opens the files of one."""

    scope = Scope.DATASETS
    nouns = frozenset({"dataset", "file", "model"})
    title_words: ClassVar[tuple[str, ...]] = ("Datasets",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = datasets.COLUMNS
    local_actions: ClassVar[tuple[Action, ...]] = (VERSIONS, ROWS, PROFILE)
    empty_text = _EMPTY

    async def load(self) -> Listing:
        page = await self.shop.client.ask(DatasetList(query=self.filter_text))
        streams = {one.dataset: one for one in (await self.shop.client.ask(StreamList())).rows}
        rows = [datasets.row(one, streams.get(one.name)) for one in page.rows]
        return Listing(rows, {one.name: one for one in page.rows}, page.total)

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, DatasetRecord)
        ask = self.shop.client.ask
        arrived = await self._recent_files(record.name)
        watcher = (await ask(StatusShow())).engine.watcher  # the status at hand is as old as the last event
        stream = next(iter((await ask(StreamList(dataset=record.name))).rows), None)
        if not record.version:
            return datasets.sections(record, (), arrived, None, watcher, stream)
        versions = (await ask(DatasetVersions(name=record.name, limit=8))).rows
        try:
            contract = await ask(DatasetContract(name=record.name))
        except ShopfloorError:
            contract = None
        return datasets.sections(record, versions, arrived, contract, watcher, stream)

    async def _recent_files(self, dataset: str) -> list[FileRecord]:
        """What waits for a person first, then the newest that are not repetitions."""
        ask = self.shop.client.ask
        held = (await ask(FileList(dataset=dataset, purpose="data", state="quarantined", limit=_SHOWN))).rows
        newest = (await ask(FileList(dataset=dataset, purpose="data", limit=50))).rows
        others = [file for file in newest if file.state not in _RESTING | {FileState.QUARANTINED}]
        return [*held, *others[: max(2, _SHOWN - len(held))]]

    def open_record(self, record: Record) -> Screen[None] | None:
        assert isinstance(record, DatasetRecord)
        return FilesPane(record.name)

    def do_local(self, action: Action, record: Record | str | None, given: dict[str, str]) -> None:
        from shopfloor.tui.screens.versions import ProfileScreen, RowsPane, VersionsPane

        if action.name == "view.compare":
            self.shop.show_message("Press h for the versions of a dataset, mark two with space, then c.")
        elif not isinstance(record, DatasetRecord) or not record.version:
            self.shop.show_message("It has no version yet.", tone="warning")
        elif action is VERSIONS:
            self.app.push_screen(VersionsPane(record.name))
        elif action is ROWS:
            self.app.push_screen(RowsPane(f"{record.name}@{record.version}"))
        elif action is PROFILE:
            self.app.push_screen(ProfileScreen(self, record, f"{record.name}@{record.version}"))


class FilesPane(WindowedPane):
    """Files of one dataset, newest first, what waits in quarantine on top."""

    scope = Scope.DATASETS
    nouns = frozenset({"file"})
    title_words: ClassVar[tuple[str, ...]] = ("Datasets", "files")
    table_columns: ClassVar[tuple[TableColumn, ...]] = files.COLUMNS
    empty_text = "No files have been delivered yet. Drop one into the inbox folder of this dataset."

    DEFAULT_CSS = """
    FilesPane #detail { width: 52%; }
    """

    def __init__(self, dataset: str = "") -> None:
        super().__init__()
        self._dataset_name = dataset
        self._held = 0

    def crumbs(self) -> Sequence[str]:
        held = f"files, {numbers.count(self._held)} to look at" if self._held else "files"
        return (self.shop.workspace_name, "Datasets", self._dataset_name or "all", held)

    @property
    def _at_the_top(self) -> bool:
        """Whether new files may push the cursor's away: not one that waits for a person, whom a key would surprise."""
        selected = self.selected
        held = isinstance(selected, FileRecord) and selected.state is FileState.QUARANTINED
        return self.table.cursor_index <= 0 and not held

    async def load(self) -> Listing:
        """The rows around the cursor's file, wherever ten thousand new ones have pushed it."""
        held = await self.shop.client.ask(FileList(dataset=self._dataset_name, state="quarantined", limit=1))
        if held.total != self._held:
            self._held = held.total
            self.retitle()
        return await self.window(0, _WINDOW, around="" if self._at_the_top else self.table.cursor_key or "")

    async def window(self, first: int, count: int, around: str = "") -> Listing:
        page = await self._page(first, count, around)
        records = {one.id: one for one in page.rows}
        return Listing([files.row(one) for one in page.rows], records, page.total, page.seq, page.offset)

    async def _page(self, first: int, count: int, around: str = "") -> Page[FileRecord]:
        return await self.shop.client.ask(
            FileList(
                dataset=self._dataset_name,
                query=self.filter_text,
                limit=count,
                offset=first,
                held_first=True,
                around=around,
            )
        )

    def show_listing(self, listing: Listing) -> None:
        follow = self._at_the_top
        super().show_listing(listing)
        if follow:
            self.table.move_to(0)

    async def again(self, key: str) -> Record | None:
        return await self.shop.client.ask(FileShow(id=key))

    async def all_records(self) -> list[Record]:
        """Every file that matches, not only the loaded windows."""
        found: dict[str, Record] = {}
        first = 0
        while True:
            page = await self._page(first, _EXPORTED)
            found.update({one.id: one for one in page.rows})
            first += len(page.rows)
            if not page.rows or first >= page.total:
                return list(found.values())

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, FileRecord)
        return files.sections(record, await self._content(record), await self._rejects(record))

    async def _rejects(self, record: FileRecord) -> Sequence[Reject]:
        if not record.rejected_rows:
            return ()
        try:
            return (await self.shop.client.ask(FileRejects(id=record.id, limit=_REJECTS))).rows
        except ShopfloorError:
            return ()

    async def _content(self, record: FileRecord) -> FileBytes | None:
        if record.state is not FileState.QUARANTINED:
            return None
        try:
            return await self.shop.client.ask(FileInspect(id=record.id))
        except ShopfloorError:
            return None
