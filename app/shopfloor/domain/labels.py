"""How the classes of a target are written, the same for models, holdouts and actuals."""

from __future__ import annotations

import numbers
from datetime import date
from decimal import Decimal
from typing import Any


def label_of(value: Any) -> str | None:
    """A class of a target as text: booleans `true`/`false`, whole numbers without a point, days as
    midnights."""
    if type(value) is str:
        return value or None
    if value is None or is_missing(value):
        return None
    if isinstance(value, str):
        return str(value) or None
    if type(value).__name__ in {"bool", "bool_"}:
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real) and float(value).is_integer():
        return str(int(float(value)))
    if type(value) is date:
        return f"{value} 00:00:00"  # a day is stored as its midnight
    return str(value)


def is_missing(value: Any) -> bool:
    """NaN, NaT and pandas.NA, without importing pandas (NA's comparison is not a boolean)."""
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, numbers.Real | Decimal) and value != value
