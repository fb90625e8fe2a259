"""The association id of a row: where it stands, and its text, the same whichever way the row came.

The text is that of the value in the type which the id column has in the model's dataset: of numbers 7, "7", 7.0 and
"007" are one id. Where the dataset has texts, or the model no id column, a text stays what it is. In the field
`association_id` so does what is not of that type, such as an id that Shopfloor made up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.labels import label_of
from shopfloor.domain.moments import InvalidValue
from shopfloor.formats.values import reader_of

ID = "association_id"
_OPEN = frozenset({ColumnType.TEXT, ColumnType.UNKNOWN})  # types that leave it to the row what an id is


def id_fields(id_column: str | None, inputs: Collection[str]) -> tuple[str, ...]:
    """Where the id of a row may stand: in the model's id column, else in `association_id` where no input has that
    name."""
    return tuple(dict.fromkeys(name for name in (id_column, ID) if name and (name == id_column or name not in inputs)))


def pinned_column(name: str | None, contract: Contract) -> Column | None:
    """A column whose values are taken as text in the end (an id, a key), as what it is in the dataset; None where
    that leaves its values as they are."""
    column = contract.column(name) if name is not None else None
    if column is None or column.type in _OPEN:
        return None
    return contract.parser.governed(Column(name=column.name, type=column.type, format=column.format))


def label_reader(pinned: Column | None, missing: Collection[str] = (), *, mixed: bool = False) -> Callable[[Any], Any]:
    """How a JSON value becomes such a text: None where it is missing; `InvalidValue` for what is none.

    What is not as `pinned` stays as it is where values may be `mixed`.
    """
    read = reader_of(pinned or Column(name="", type=ColumnType.TEXT), missing)

    def label(value: Any) -> str | None:
        if pinned is None:
            return _as_written(value) if read(value) is not None else None
        return label_of(read(value))

    def label_of_any(value: Any) -> str | None:
        text = _as_written(value)
        try:
            return label_of(read(text)) or text
        except InvalidValue:
            return text

    return label_of_any if mixed and pinned is not None else label


def _as_written(value: Any) -> str | None:
    if type(value) not in {str, int, float} or (type(value) is float and not math.isfinite(value)):
        raise InvalidValue
    return label_of(value)
