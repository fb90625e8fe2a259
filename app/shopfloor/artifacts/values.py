"""Single values of a column: the one place that says what a number, a text or a moment is.

Row path and batch path both end here, which is why they give the same numbers.
"""

from __future__ import annotations

import math
import numbers
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shopfloor.domain.errors import DataError
from shopfloor.domain.labels import is_missing
from shopfloor.domain.missing import SPACES
from shopfloor.domain.moments import Misfit, iso_moment
from shopfloor.domain.text import safe

NAN = math.nan
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (moments are UTC without a zone inside a model)
_MICROSECOND = timedelta(microseconds=1)


def number_of(value: Any, column: str) -> float:
    """A float; NaN for a missing or infinite value. Raises `DataError` for anything else."""
    kind = type(value)
    if kind is float:
        return value if value - value == 0.0 else NAN
    if kind is int:
        return _float(value, column)
    if value is None or is_missing(value):
        return NAN
    if isinstance(value, numbers.Real | Decimal) and kind is not bool:
        return number_of(_float(value, column), column)
    raise wrong_type(column, value, "a number")


def boolean_of(value: Any, column: str) -> float:
    """1.0 or 0.0; NaN for a missing value. Numbers 0 and 1 count as booleans."""
    if value is True:
        return 1.0
    if value is False:
        return 0.0
    if value is None or is_missing(value):
        return NAN
    if type(value).__name__ in {"bool", "bool_"} or (isinstance(value, numbers.Real) and value in (0, 1)):
        return float(value)
    raise wrong_type(column, value, "true or false")


def text_of(value: Any, column: str) -> str | None:
    """The text; None for a missing or empty value. Whole numbers are taken as their digits."""
    if type(value) is str:
        return value or None
    if value is None or is_missing(value):
        return None
    if isinstance(value, str):
        return str(value) or None
    if value is not True and value is not False and isinstance(value, numbers.Integral):
        return str(int(value))
    raise wrong_type(column, value, "text")


def moment_of(value: Any, column: str) -> int | None:
    """Microseconds since 1970 (UTC); None for a missing value.

    Takes datetimes (naive ones are UTC), dates and RFC 3339 text.
    """
    if value is None or is_missing(value):
        return None
    if isinstance(value, str):
        if not value:
            return None
        value = _parse(value, column)
    if isinstance(value, datetime):
        return (_plain(value, column) - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return (value.toordinal() - _EPOCH.toordinal()) * 86_400_000_000
    raise wrong_type(column, value, "a date or time")


def wrong_type(column: str, value: Any, wanted: str) -> DataError:
    """The error for a value that does not fit its column."""
    shown = safe(value, 60)
    return DataError(
        f"Column {safe(column, 80)!r} needs {wanted}, but got {shown!r} ({type(value).__name__}).",
        hint="Send the value with the type of the model's schema, or leave it empty (null).",
        code="wrong_type",
    )


def _float(value: Any, column: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise wrong_type(column, value, "a number of ordinary size") from None


def _plain(value: datetime, column: str) -> datetime:
    try:
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:  # year 1 or 9999 in a far zone
        raise wrong_type(column, value, "a date or time within years 1 to 9999") from None


def _parse(value: str, column: str) -> datetime:
    try:
        found = iso_moment(value.strip(SPACES))
    except Misfit:
        found = None
    if found is None:
        raise wrong_type(column, value, "a date or time such as 2026-01-31T08:30:00")
    return found
