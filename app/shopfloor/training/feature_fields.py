"""The inputs of a model, as its artifact describes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.manifest import FeatureField
from shopfloor.artifacts.table import NO_TIME, Table
from shopfloor.domain.columns import Column, ColumnType

_LEVELS_SHOWN = 20


def feature_fields(columns: Sequence[Column], train: Table, encoder: TableEncoder | None) -> list[FeatureField]:
    """The inputs of a model: the columns that its encoder uses, or all of them for a recipe."""
    kinds = {column.name: _plain_kind(column) for column in columns}
    if encoder is not None:
        kinds = encoder.inputs()
    return [_field(column, kinds[column.name], train) for column in columns if column.name in kinds]


def _field(column: Column, kind: str, train: Table) -> FeatureField:
    levels: tuple[str, ...] = ()
    if column.type is ColumnType.TEXT:
        factor = train.factor(column.name)
        missing = bool((factor.codes < 0).any())
        if kind != "text":
            counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.levels))
            order = sorted(range(len(factor.levels)), key=lambda place: (-counts[place], factor.levels[place]))
            levels = tuple(factor.levels[place] for place in order[:_LEVELS_SHOWN] if counts[place])
    elif column.type.temporal:
        missing = bool((train.moments(column.name).micros == NO_TIME).any())
    else:
        missing = bool(np.isnan(train.numbers(column.name)).any())
    # What one file brought must not become what every request has to send.
    return FeatureField(
        name=column.name,
        kind=kind,
        type=column.type,
        nullable=missing or column.optional,
        optional=column.optional,
        levels=levels,
        format=column.format,
    )


def _plain_kind(column: Column) -> str:
    if column.type.temporal:
        return "date"
    return {ColumnType.TEXT: "category", ColumnType.BOOLEAN: "boolean"}.get(column.type, "number")
