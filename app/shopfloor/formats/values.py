"""One JSON value of a row as a value of a column: the same as the file reader makes of the same text.

The values are bool, int, float, str, date and datetime (in UTC, without a zone); None where one is
missing. The file reader says the same rules in SQL; the two are held together by a test that draws
types, formats and texts. No heavy library is loaded here: a request waits for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain import moments
from shopfloor.domain.columns import EXACT, Column, ColumnType
from shopfloor.domain.missing import ALWAYS_MISSING, MISSING, SPACES
from shopfloor.domain.moments import Misfit, calendar_day, iso_moment, usual_moment
from shopfloor.domain.number_format import POINT, NumberFormat, bare, number_format
from shopfloor.formats import notation
from shopfloor.formats.patterns import ReadMoment, compiled

Value = bool | int | float | str | date | datetime | None
ReadValue = Callable[[Any], Value]
"""Gives the value, or raises `Misfit`."""

_BLANKS = " \t\n\v\f\r"
_INT64 = 1 << 63
_WORDS = frozenset(MISSING)
_INFINITY = re.compile(notation.INFINITY, re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_DIGITS = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DAY = re.compile(rf"({moments.DAY})(?:[Tt ]{moments.MIDNIGHT})?", re.ASCII)
_TWO_DAYS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{4}\b.*", re.ASCII)
_TWO_NUMBERS = re.compile(r"[+-]?\d{1,3}([.,])\d{3}", re.ASCII)
_MARKED_NUMBER = re.compile(r"[+-]?\d[\d.,]*,[\d.,]*", re.ASCII)


class Ways(NamedTuple):
    """Which ways to write a day are read beside a pinned format; one with the month's name always is."""

    iso: bool = True
    point: bool = True


class Way(NamedTuple):
    """How days or times of one look are told from others, and read."""

    match: Callable[[str], re.Match[str] | None]
    read: ReadMoment


def _way(pattern: str, *formats: str) -> Way:
    return Way(re.compile(pattern, re.ASCII).fullmatch, compiled(*formats))


# What nearly all rows hold: recognized at once, since a request waits for it.
_USUAL_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_USUAL_NUMBER = re.compile(r"-?\d{1,15}\.\d{1,15}", re.ASCII).fullmatch
_WAYS = Ways()
_POINT_DAY = _way(notation.POINT_DAY, "%d.%m.%Y")
_POINT_TIME = _way(f"{notation.POINT_DAY}( {notation.POINT_CLOCK})?", *notation.time_formats("%d.%m.%Y"))
_MONTH_DAY = _way(notation.MONTH_DAY, *notation.MONTH_FORMATS)
_MONTH_TIME = _way(notation.MONTH_TIME, *notation.MONTH_TIME_FORMATS)
_WANTED = {
    ColumnType.BOOLEAN: "true or false",
    ColumnType.INTEGER: "a whole number",
    ColumnType.NUMBER: "a number",
    ColumnType.TEXT: "a text",
    ColumnType.DATE: "a date such as 2026-01-31",
    ColumnType.TIMESTAMP: "a time such as 2026-01-31T08:30:00Z",
    ColumnType.UNKNOWN: "a missing value",
}


def reader_of(column: Column, missing: Collection[str] = ()) -> ReadValue:
    """How values of `column` are read, in its pinned format where it has one.

    `missing` are words that the contract declares: missing in every column, before they are anything else.
    """
    read = _READERS[column.type]
    if column.type is ColumnType.NUMBER and (numbers := number_format(column.format)) is not None:
        read = _formatted(numbers)
    elif column.format and column.type.temporal:
        read = _patterned(column.type, column.format)
    if not missing:
        return read
    words = frozenset(missing)
    return lambda value: None if value is None or written(value).strip(SPACES) in words else read(value)


def wanted(column: Column) -> str:
    """What a value of `column` is, in words."""
    if not column.format:
        return _WANTED[column.type]
    return f"{_WANTED[column.type].partition(' such')[0]} as {column.format}"


def written(value: Any) -> str:
    """A JSON value as the text that the file reader sees of it."""
    kind = type(value)
    if kind is str:
        text: str = value
        return text
    if kind is bool:
        return "true" if value else "false"
    return (
        _float_text(value) if kind is float else msgspec.json.encode(value).decode() if kind is not int else str(value)
    )


def _float_text(value: float) -> str:
    """The shortest digits that give the number back, with an exponent only beyond 10^21 and 10^-7."""
    digits = repr(value)
    if "e" not in digits:
        return digits
    mantissa, _, power = digits.partition("e")
    if -7 < int(power) < 21:
        plain = format(Decimal(digits), "f")
        return plain if "." in plain else f"{plain}.0"
    return f"{mantissa}e{int(power)}"


def _boolean(value: Any) -> bool | None:
    if value is True or value is False:
        return value is True
    if value is None:
        return None
    word = written(value).strip(SPACES)
    if word in _WORDS:
        return None
    word = word.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Misfit


def _integer(value: Any) -> int | None:
    kind = type(value)
    if kind is int and -_INT64 <= value < _INT64:
        whole: int = value
        return whole
    if kind is float and value.is_integer() and -EXACT <= value <= EXACT:
        return int(value)
    if kind is str:
        return _integer_text(value)
    if value is None:
        return None
    raise Misfit


def _integer_text(text: str) -> int | None:
    if text.strip(SPACES) in _WORDS:
        return None
    bare = text.strip(_BLANKS)
    if _DIGITS.fullmatch(bare):
        whole = int(bare) if len(bare) < 32 else _INT64
        # A longer one counts only as the database itself would write it.
        if -EXACT <= whole <= EXACT or (-_INT64 <= whole < _INT64 and str(whole) == text):
            return whole
        raise Misfit("it is too long to stay exact" if abs(whole) >= _INT64 else "")
    if _NUMBER.fullmatch(bare) is None or abs(number := float(bare)) > EXACT:
        raise _misfit_number(bare, "")
    try:
        whole = int(Decimal(bare).to_integral_value(ROUND_HALF_UP))
    except InvalidOperation:
        raise Misfit from None
    if whole != number:
        raise Misfit("it has a fraction")
    return whole


def _number(value: Any) -> float | None:
    kind = type(value)
    if kind is float:
        number: float = value
        return number
    if kind is int:
        return _float(value)
    if kind is str:
        return _number_text(value)
    if value is None:
        return None
    raise Misfit


def _float(whole: int) -> float:
    """The whole number where a double holds it as it is."""
    if -EXACT <= whole <= EXACT or (abs(whole) < 1 << 127 and int(float(whole)) == whole):
        return float(whole)
    raise Misfit("no number of this type holds all its digits")


def _number_text(text: str) -> float | None:
    if _USUAL_NUMBER(text):
        return float(text)
    bare = text.strip(SPACES)
    if bare in _WORDS:
        return None
    plain = text.strip(_BLANKS)
    if _NUMBER.fullmatch(plain):
        return _exact(bare) if _DIGITS.fullmatch(bare) else _finite(plain)
    if _INFINITY.fullmatch(plain):
        return None
    raise _misfit_number(bare, "")


def _exact(bare: str) -> float:
    """The whole number of these digits; -0 keeps its sign."""
    return _float(int(bare) if len(bare) < 64 else 1 << 127) or float(bare)  # no integer of the database is longer


def _finite(text: str) -> float | None:
    """None for a number that is larger than any double, as for infinity itself."""
    number = float(text)
    return None if math.isinf(number) else number


def _misfit_number(bare: str, format: str) -> Misfit:
    two = _TWO_NUMBERS.fullmatch(bare)
    if two is not None and not (format == POINT and two[1] == ","):
        parts = bare.replace(",", ".")
        return Misfit(f"it can be read as {parts.replace('.', '')} and as {parts}")
    if not format and _MARKED_NUMBER.fullmatch(bare):
        return Misfit("the column's format does not say what its commas mean")
    return Misfit()


def _formatted(format: NumberFormat) -> ReadValue:
    """Numbers as JSON has them, or texts in a pinned format."""
    group, decimal = format.marks
    plain = rf"{notation.marked(group, decimal, alone=format.base == POINT)}|{notation.INFINITY}"
    match = re.compile(plain if format.plain else notation.signed(format), re.ASCII).fullmatch

    def read(value: Any) -> float | None:
        if type(value) is not str:
            return _number(value)
        word = value.strip(SPACES)
        if match(word):
            return _exact(word) if _DIGITS.fullmatch(word) else _finite(bare(format, word))
        if word in _WORDS:
            return None
        raise _misfit_number(word, format.base)

    return read


def _text(value: Any) -> str | None:
    if type(value) is str:
        return None if value == ALWAYS_MISSING else value
    return None if value is None else written(value)


def _absent(value: Any) -> None:
    """Of a column whose type is open only what is missing can be read."""
    if value is not None and written(value).strip(SPACES) not in _WORDS:
        raise Misfit("the column has no type yet")


def _date(value: Any) -> date | None:
    if type(value) is str and _USUAL_DAY(value):
        return calendar_day(value)
    return None if value is None else _day_of(written(value).strip(SPACES), _WAYS)


def _timestamp(value: Any) -> datetime | None:
    if type(value) is str and (at := usual_moment(value)) is not None:
        return at
    return None if value is None else _moment_of(written(value).strip(SPACES), _WAYS)


def _day_of(word: str, ways: Ways) -> date | None:
    found = _DAY.fullmatch(word) if ways.iso else None
    if found is not None:
        return calendar_day(found[1])
    at = _other(word, ways, _POINT_DAY, _MONTH_DAY)
    return None if at is None else at.date()


def _moment_of(word: str, ways: Ways) -> datetime | None:
    at = iso_moment(word) if ways.iso else None
    return at or _other(word, ways, _POINT_TIME, _MONTH_TIME)


def _other(word: str, ways: Ways, point: Way, month: Way) -> datetime | None:
    """A day with points or with its month's name; None for a missing one."""
    if word in _WORDS:
        return None
    for way in (point, month) if ways.point else (month,):
        if way.match(word):
            at = way.read(word)
            if at is None or at.year < 1:
                raise Misfit("there is no such day or time")
            return at
    raise _misfit_day(word)


def _patterned(kind: ColumnType, format: str) -> ReadValue:
    """Days and times in a pinned format; beside it those that can be read in one way only."""
    match = compiled(*(notation.time_formats(format) if kind is ColumnType.TIMESTAMP else (format,)))
    ways = Ways(notation.same_iso(format), notation.same_point(format))

    def read(value: Any) -> date | None:
        if value is None:
            return None
        word = written(value).strip(SPACES)
        at = match(word)
        if at is None or at.year < 1000:  # a year of two digits, read as four, lies in antiquity
            return _moment_of(word, ways) if kind is ColumnType.TIMESTAMP else _day_of(word, ways)
        if kind is ColumnType.TIMESTAMP:
            return at
        if at.time() != time():
            return _day_of(word, ways)
        return at.date()

    return read


def _misfit_day(bare: str) -> Misfit:
    found = _TWO_DAYS.fullmatch(bare)
    if found is None:
        return Misfit()
    if max(int(found[1]), int(found[3])) <= 12 and found[1] != found[3]:
        return Misfit("the day and the month can be read in two ways")
    return Misfit("the column has no format for it")


_READERS: dict[ColumnType, ReadValue] = {
    ColumnType.BOOLEAN: _boolean,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.TEXT: _text,
    ColumnType.DATE: _date,
    ColumnType.TIMESTAMP: _timestamp,
    ColumnType.UNKNOWN: _absent,
}
