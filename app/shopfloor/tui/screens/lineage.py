"""Pane 6: lineage, up and down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope, pane_of_kind
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.record import Record
from shopfloor.domain.requests.datasets import DatasetList
from shopfloor.domain.requests.models import ModelList
from shopfloor.domain.requests.workspace import LineageShow
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.views import lineage
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section

_TURNS = {"both": "up", "up": "down", "down": "both"}


class LineagePane(Pane):
    """A tree around one node: its sources above it, what was made from it below."""

    scope = Scope.LINEAGE
    nouns = frozenset({"dataset", "run", "alias", "alert", "predictions"})
    title_words: ClassVar[tuple[str, ...]] = ("Lineage",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = lineage.COLUMNS
    empty_text = "No lineage yet.\n\nPress  o  on a dataset, run, model or alert; or type  :lineage flights@3"

    DEFAULT_CSS = """
    LineagePane #detail { width: 40%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._ref = ""
        self._direction = "both"
        self._rooted = False

    def crumbs(self) -> Sequence[str]:
        return (self.shop.workspace_name, "Lineage", *([self._ref, self._direction] if self._ref else []))

    def arrive(self, select: str, query: str) -> None:
        if query:
            self._ref = query
            self._rooted = False
            self.retitle()
            self.refresh_now()

    async def load(self) -> Listing:
        if not self._ref:
            self._ref = await self._first_ref()
        if not self._ref:
            return Listing([], {})
        ask = self.shop.client.ask
        graph = await ask(LineageShow(ref=self._ref, direction=self._direction))
        newest = {one.name: one.version for one in (await ask(DatasetList(limit=5000))).rows}
        graph = lineage.aged(graph, newest)
        self.retitle()
        found = [branch for branch in lineage.tree(graph) if self._matches(branch)]
        if not self._rooted:
            self._rooted = True
            self._wanted = f"={graph.root}"  # the cursor starts at the requested node
        return Listing([lineage.row(branch) for branch in found], {branch.key: branch.node for branch in found})

    def _matches(self, branch: lineage.Branch) -> bool:
        return self.filter_text.lower() in f"{branch.node.kind} {branch.node.label} {branch.node.state}".lower()

    async def _first_ref(self) -> str:
        found = (await self.shop.client.ask(ModelList(limit=1))).rows
        return f"model:{found[0].name}@{found[0].champion}" if found and found[0].champion is not None else ""

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, LineageNode)
        return lineage.sections(record)

    def do_local(self, action: Action, record: Record | str | None, given: dict[str, str]) -> None:
        if action.name == "lineage.direction":
            self._direction = _TURNS[self._direction]
            self.refresh_now()

    def opened(self, record: Record) -> bool:
        assert isinstance(record, LineageNode)
        name = record.ref.partition("@")[0] if "@" in record.ref else record.ref
        self.shop.go(pane_of_kind(record.kind), select=_plain(name, record))
        return True


def _plain(name: str, node: LineageNode) -> str:
    """The key of the row in the pane that lists such things."""
    if node.kind in {"file", "part"}:
        return str(node.data.get("dataset", ""))
    return name.removeprefix("dataset:").removeprefix("model:")
