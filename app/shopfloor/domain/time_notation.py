"""How a column that is no date says when: years, months, weeks, days as numbers or text, seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shopfloor.domain.errors import DataError
from shopfloor.domain.moments import InvalidValue, iso_moment
from shopfloor.domain.numbers import exact
from shopfloor.domain.text import safe

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_YEAR, _LAST_YEAR = 1800, 2200
_LEAST_READ = 0.5

WAY_OUT = (
    "Deliver a date, a year and month (2018-01), a year and week (2020-W53), a year or seconds since 1970; "
    'or split by hash of the id: training.split = "hash".'
)


@dataclass(frozen=True)
class TimeNotation:
    """`micros` gives the first microsecond since 1970 (UTC) of what a value names; None where it names nothing.

    `factor` is set where a value is only to be multiplied.
    """

    name: str
    micros: Callable[[str], int | None]
    factor: float | None = None


def notation_of_numbers(column: str, low: float, high: float) -> TimeNotation:
    """How a column of numbers between `low` and `high` says when. Raises `DataError` when it does not."""
    for notation, first, last in _NUMBERS:
        if first <= low <= high <= last and None not in map(notation.micros, (str(int(low)), str(int(high)))):
            return notation
    what = f"its numbers, {exact(low)} to {exact(high)},"
    if 0 <= low <= high <= 366:
        raise _no_time(column, f"{what} come again every year")
    raise _no_time(column, f"{what} are no years, months, days or seconds since 1970")


def notation_of_texts(column: str, values: Iterable[str]) -> TimeNotation:
    """How a column of text says when: most `values` can be read. Raises `DataError` when it does not."""
    found = list(values)
    for notation in _TEXTS:
        if found and sum(notation.micros(value) is not None for value in found) > _LEAST_READ * len(found):
            return notation
    odd = next((value for value in found if all(one.micros(value) is None for one in _TEXTS)), "".join(found[:1]))
    raise _no_time(column, f"{safe(odd, 40)!r} is no date")


def not_a_time(column: str, kind: str) -> DataError:
    """What a column of a type that never says when is refused with."""
    return _no_time(column, f"it holds {kind}")


def _no_time(column: str, why: str) -> DataError:
    return DataError(f"Column {safe(column, 60)!r} cannot order rows by time: {why}.", hint=WAY_OUT, code="no_time")


def _matching(pattern: str, start: Callable[..., date]) -> Callable[[str], int | None]:
    """Reads values of a whole `pattern`, whose groups are the arguments of `start`."""
    whole = re.compile(pattern, re.ASCII | re.IGNORECASE)

    def micros(value: str) -> int | None:
        match = whole.fullmatch(value.strip())
        try:
            return None if match is None else _midnight(start(*(int(group) for group in match.groups() if group)))
        except ValueError:
            return None

    return micros


def _midnight(day: date) -> int:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(day)
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def _month(year: int, month: int = 1) -> date:
    return date(year, month, 1)


def _quarter(year: int, quarter: int) -> date:
    return date(year, 3 * quarter - 2, 1)


def _week(year: int, week: int, day: int = 1) -> date:
    return date.fromisocalendar(year, week, day)


def _iso(value: str) -> int | None:
    try:
        at = iso_moment(value.strip())
    except InvalidValue:
        return None
    return None if at is None else (at.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def _times(name: str, factor: float) -> TimeNotation:
    return TimeNotation(name, lambda value: round(float(value) * factor), factor)


_YEARS = TimeNotation("years", _matching(r"(\d{4})", _month))
_MONTHS = TimeNotation("months", _matching(r"(\d{4})(\d\d)", _month))
_DAYS = TimeNotation("days", _matching(r"(\d{4})(\d\d)(\d\d)", date))
# Each with the smallest and the largest number that it may be; no two share one. 1973 is when seconds have nine digits.
_NUMBERS = (
    (_YEARS, _FIRST_YEAR, _LAST_YEAR),
    (_MONTHS, _FIRST_YEAR * 100 + 1, _LAST_YEAR * 100 + 12),
    (_DAYS, _FIRST_YEAR * 10_000 + 101, _LAST_YEAR * 10_000 + 1231),
    (_times("seconds since 1970", 1e6), 1e8, 7.3e9),
    (_times("milliseconds since 1970", 1e3), 1e11, 7.3e12),
    (_times("microseconds since 1970", 1.0), 1e14, 7.3e15),
    (_times("nanoseconds since 1970", 1e-3), 1e17, 7.3e18),
)
_TEXTS = (
    TimeNotation("dates", _iso),
    TimeNotation("months", _matching(r"(\d{4})[-/. ]?(0?[1-9]|1[012])", _month)),
    TimeNotation("weeks", _matching(r"(\d{4})[-/. ]?W(\d\d?)(?:-?([1-7]))?", _week)),
    TimeNotation("quarters", _matching(r"(\d{4})[-/. ]?Q([1-4])", _quarter)),
    TimeNotation("years", _matching(r"(\d{4})", _month)),
)
