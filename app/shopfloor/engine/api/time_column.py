"""Does the time column say when? Asked of the newest version, when a definition is written."""

from __future__ import annotations

from contextlib import suppress

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.dataset import ColumnProfile
from shopfloor.domain.definition import ModelDefinition, Split
from shopfloor.domain.time_notation import not_a_time, notation_of_numbers, notation_of_texts
from shopfloor.engine.api.versions import profile_of_column
from shopfloor.engine.services import EngineServices

_TIMEOUT_SECONDS = 20.0


def check_time(services: EngineServices, wanted: ModelDefinition) -> None:
    """Raise `DataError` for a time column that cannot order the rows, unless they are to be divided by hash.

    Without rows, or where reading the column takes too long, the first training checks it.
    """
    contract = services.context.contract(wanted.dataset)
    column = contract.column(wanted.time) if contract is not None and wanted.time is not None else None
    if column is None or column.type.temporal or wanted.training.split is Split.HASH:
        return
    if column.type is ColumnType.BOOLEAN:
        raise not_a_time(column.name, "true and false")
    found = profile_of_column(services, wanted.dataset, column.name, _TIMEOUT_SECONDS)
    if found is not None:
        _check_values(column.name, found, numeric=column.type.numeric)


def _check_values(name: str, found: ColumnProfile, *, numeric: bool) -> None:
    if found.min is None or found.max is None:
        return
    if not numeric:
        notation_of_texts(name, [found.min, found.max, *(value for value, _ in found.top)])
        return
    with suppress(ValueError):  # a number that is only shown in words
        low, high = float(found.min), float(found.max)
        notation_of_numbers(name, low, high)
