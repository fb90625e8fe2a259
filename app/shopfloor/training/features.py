"""Which columns a model may learn from, and why others are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from shopfloor.artifacts.blocks.text import is_text
from shopfloor.artifacts.table import NO_TIME, Table
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import DataError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import listed, safe

_NEAR_UNIQUE = 0.9
_ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|nr|no|number)$", re.IGNORECASE)


def candidate_columns(columns: Sequence[Column], definition: ModelDefinition) -> tuple[Column, ...]:
    """The columns that may be features by the definition alone, before a row is read.

    Never target, id or excluded columns; only the named ones where the definition names features.
    Raises `DataError` for names the dataset does not have.
    """
    known = {column.name: column for column in columns}
    for key, names in (("id", [definition.id]), ("time", [definition.time]), ("segment_by", definition.segment_by)):
        _check(names, known, key, definition)
    never = {definition.target, definition.id, *definition.exclude}
    if definition.features:
        _check(definition.features, known, "features", definition)
        wanted = dict.fromkeys([*definition.features, *definition.segment_by])
        return tuple(known[name] for name in wanted if name not in never)
    return tuple(column for column in columns if column.name not in never)


def learnable(
    columns: Iterable[Column], train: Table, definition: ModelDefinition
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns to encode, judged on the training rows, and notes on those left out.

    Left out: columns without a value, constant ones, and names or numbers that are different in
    nearly every row (identifiers teach a model the rows instead of the rule). Columns the
    definition names as features are kept even if they look like identifiers.
    """
    kept: list[Column] = []
    reasons: dict[str, list[str]] = {}
    for column in columns:
        reason = _useless(column, train, named=column.name in definition.features)
        if reason is None:
            kept.append(column)
        else:
            reasons.setdefault(reason, []).append(column.name)
    if not kept:
        raise DataError(
            "No feature columns are left: all are constant, empty, excluded or identifiers.",
            hint="Check `features` and `exclude` of the definition, and the dataset's profile.",
            code="no_features",
        )
    notes = tuple(f"Left out ({reason}): {listed(names, 6)}." for reason, names in reasons.items())
    return tuple(kept), notes


def _useless(column: Column, train: Table, named: bool) -> str | None:
    if column.type is ColumnType.TEXT:
        return _useless_text(column.name, train, named)
    if column.type.temporal:
        micros = train.moments(column.name).micros
        present = micros[micros != NO_TIME]
    else:
        numbers = train.numbers(column.name)
        present = numbers[~np.isnan(numbers)]
    if not len(present):
        return "empty"
    whole = len(present) == train.rows
    if whole and bool((present == present[0]).all()):
        return "constant"
    looks_like_id = column.type is ColumnType.INTEGER and _ID_NAME.search(column.name) is not None
    if looks_like_id and whole and not named and len(np.unique(present)) == train.rows:
        return "an identifier, different in every row"
    return None


def _useless_text(name: str, train: Table, named: bool) -> str | None:
    factor = train.factor(name)
    present = factor.codes[factor.codes >= 0]
    if not len(present):
        return "empty"
    levels = len(np.unique(present))
    if levels == 1 and len(present) == train.rows:
        return "constant"
    if not named and levels > 40 and levels > _NEAR_UNIQUE * len(present) and not is_text(factor):
        return "an identifier, different in nearly every row"
    return None


def _check(names: Iterable[str | None], known: dict[str, Column], key: str, definition: ModelDefinition) -> None:
    for name in names:
        if name and name not in known:
            raise DataError(
                f"The definition's {key} names column {safe(name, 80)!r}, which the dataset does not have.",
                hint=did_you_mean(name, [safe(one, 80) for one in known], definition.roles),
                code="column_missing",
            )
