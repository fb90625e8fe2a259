"""Forms that begin with what the engine knows about the dataset: a new model, and the intake rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopfloor.actions.action import Action
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.requests.datasets import DatasetContract, DatasetList
from shopfloor.tui.app_type import App
from shopfloor.tui.fields import field_of

if TYPE_CHECKING:
    from shopfloor.tui.widgets.form import Field

_TIMES = frozenset({ColumnType.TIMESTAMP, ColumnType.DATE})


async def fields_for(app: App, action: Action, known: dict[str, str]) -> list[Field] | None:
    """The fields of `action`, its columns as choices; None when the person cancels."""
    dataset = known.get("dataset") or await _which_dataset(app)
    if dataset is None:
        return None
    columns = await _columns(app, dataset)
    known = {**known, "dataset": dataset, "name": known.get("name") or (f"{dataset}-model" if dataset else "")}
    choices = {
        "target": tuple(column.name for column in reversed(columns)),  # the outcome is mostly the last column
        "time": tuple(column.name for column in columns if column.type in _TIMES),
        "id": tuple(column.name for column in columns),
    }
    return [field_of(field, known.get(field.name, ""), choices.get(field.name, ())) for field in action.inputs]


async def intake_fields(app: App, action: Action, dataset: str, given: dict[str, str]) -> list[Field]:
    """The intake rules as they are in force: choices stand on them, other fields say them.

    Only what is filled in is sent, and an empty field keeps its rule: so a rule is not put into a field
    of text, where clearing it would seem to remove it.
    """
    from shopfloor.actions.datasets import in_force

    try:
        now = in_force(await app.client.ask(DatasetContract(name=dataset)))
    except ShopfloorError:
        now = {}  # nothing is ingested yet, or its contract is broken: the engine says so when the form is sent
    found = []
    for field in action.inputs:
        present = now.get(field.name, "")
        if not field.choices and present:
            field = msgspec.structs.replace(field, help=f"{field.help} Now {present}; empty keeps it.")
        found.append(field_of(field, given.get(field.name, present if field.choices else "")))
    return found


async def _which_dataset(app: App) -> str | None:
    names = [one.name for one in (await app.client.ask(DatasetList(limit=500))).rows]
    if len(names) < 2:
        return names[0] if names else ""
    from shopfloor.tui.widgets.form import Field, FormDialog

    field = Field("dataset", "Dataset", kind="choice", choices=names, default=names[0], help="The dataset to train on.")
    answer = await app.ask(FormDialog("New model", [field], submit="Next"))
    return str(answer["dataset"]) if answer else None


async def _columns(app: App, dataset: str) -> tuple[Column, ...]:
    try:
        return (await app.client.ask(DatasetContract(name=dataset))).columns
    except ShopfloorError:
        return ()  # no such dataset: the engine says so when the form is sent
