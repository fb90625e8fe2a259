"""The answer to a query as a table or objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shopfloor.cli.output.cells import text
from shopfloor.cli.output.table import TextColumn, table
from shopfloor.domain.requests.workspace import QueryTable


def as_text(answer: QueryTable, width: int | None) -> str:
    """Aligned columns, numbers to the right; a missing value is a dash."""
    layout = [
        TextColumn[Sequence[Any]](text(name), _cell(index), right=_numeric(answer, index), room=20, drop=index)
        for index, name in enumerate(answer.columns)
    ]
    return table(layout, answer.rows, width) if layout else ""


def as_objects(answer: QueryTable) -> list[dict[str, Any]]:
    """One object a row. Columns of the same name are numbered, so that no value is lost."""
    names = _distinct(answer.columns)
    return [dict(zip(names, row, strict=True)) for row in answer.rows]


def _distinct(columns: Sequence[str]) -> list[str]:
    names: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in names:
            number += 1
            name = f"{column}_{number}"
        names.append(name)
    return names


def _cell(index: int) -> Callable[[Sequence[Any]], str]:
    return lambda row: text(row[index])


def _numeric(answer: QueryTable, index: int) -> bool:
    values = [row[index] for row in answer.rows if row[index] is not None]
    return bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
