"""Pane 3: models in service, their decisions and histories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from shopfloor.actions.panes import Scope
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord
from shopfloor.domain.requests.alerts import CheckList
from shopfloor.domain.requests.models import ModelHistory, ModelList, ModelVersions
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.views import models
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section


class ModelsPane(Pane):
    """All models; the detail answers why the gate decided as it did."""

    scope = Scope.MODELS
    nouns = frozenset({"model", "alias", "release", "run", "alert", "predictions"})
    title_words: ClassVar[tuple[str, ...]] = ("Models",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = models.COLUMNS
    empty_text = "No model yet.\n\nPress  n  to define one: a dataset and the column to predict. It trains at once."

    DEFAULT_CSS = """
    ModelsPane #detail { width: 58%; }
    """

    async def load(self) -> Listing:
        page = await self.shop.client.ask(ModelList(query=self.filter_text))
        return Listing([models.row(one) for one in page.rows], {one.name: one for one in page.rows}, page.total)

    async def detail(self, record: Record) -> Sequence[Section]:
        assert isinstance(record, ModelRecord)
        ask = self.shop.client.ask
        versions = (await ask(ModelVersions(name=record.name, limit=40))).rows
        history = (await ask(ModelHistory(name=record.name, limit=models.MOST_CHANGES))).rows
        checks = (await ask(CheckList(model=record.name))).rows
        return models.sections(record, versions, history, checks)
