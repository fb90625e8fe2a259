"""Texts in a column's pinned pattern of dates or times, read as DuckDB's `strptime` reads them.

Python's own differs: by the machine's language, by how many digits make a year, by what `%p` does.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = 3
_BLANK = r"[ \t\n\v\f\r]"
# Digits are taken as far as they go, and none is given back.
_FIELDS = {
    "d": r"(\d{1,2}+)",
    "m": r"(\d{1,2}+)",
    "Y": r"(\d{1,4}+)",
    "y": r"(\d{1,2}+)",
    "H": r"(\d{1,2}+)",
    "I": r"(\d{1,2}+)",
    "M": r"(\d{1,2}+)",
    "S": r"(\d{1,2}+)",
    "f": r"(\d{1,6}+)",
    "j": r"(\d{1,3}+)",
    "p": "(am|pm)",
    "b": f"({'|'.join(name[:_SHORT] for name in _MONTHS)})",
    "B": f"({'|'.join(_MONTHS)})",
    "a": f"({'|'.join(name[:_SHORT] for name in _DAYS)})",
    "A": f"({'|'.join(_DAYS)})",
}
_MONTH_NUMBERS = {name[:_SHORT].lower(): number for number, name in enumerate(_MONTHS, start=1)}
_RANGES = {"d": (1, 31), "m": (1, 12), "H": (0, 23), "I": (1, 12), "M": (0, 59), "S": (0, 59), "j": (1, 366)}
_CENTURY = 69  # years of two digits from here on are of the twentieth
_MEANS = {"I": "H", "y": "Y", "b": "month", "B": "month", "m": "month"}
_PIECE = re.compile(r"%(.)|([ \t\n\v\f\r]+)|(.)", re.DOTALL)


ReadMoment = Callable[[str], datetime | None]


def compiled(*formats: str) -> ReadMoment:
    """A reader of texts in one of `formats`, the first that fits; it gives None for what is no moment in them."""
    return lambda text: next((found for each in formats if (found := _compiled(each)(text)) is not None), None)


@lru_cache(maxsize=512)  # built when first met: all together they cost an eighth of a second
def _compiled(format: str) -> ReadMoment:
    codes: list[str] = []
    pattern = ""
    for code, blank, literal in _PIECE.findall(format):
        if code and code != "%":
            codes.append(code)
            pattern += _FIELDS[code]
        else:
            pattern += f"{_BLANK}+" if blank else re.escape(literal or code)
    match = re.compile(f"{_BLANK}*{pattern}{_BLANK}*", re.ASCII | re.IGNORECASE).fullmatch

    def read(text: str) -> datetime | None:
        found = match(text)
        try:
            return None if found is None else _moment(zip(codes, found.groups(), strict=True))
        except ValueError:
            return None

    return read


def _moment(fields: Iterable[tuple[str, str]]) -> datetime:
    """The moment that the fields say, a later one for the same thing instead of an earlier; `ValueError` for none."""
    parsed: dict[str, int] = {}
    for code, word in fields:
        parsed[code] = parsed[_MEANS.get(code, code)] = _number(code, word)
    day = _day(parsed)
    return day.replace(
        hour=_hour(parsed), minute=parsed.get("M", 0), second=parsed.get("S", 0), microsecond=parsed.get("f", 0)
    )


def _number(code: str, word: str) -> int:
    if code in "bB":
        return _MONTH_NUMBERS[word[:_SHORT].lower()]
    if code in "aAp":
        return word.lower() == "pm"
    number = int(word.ljust(6, "0") if code == "f" else word)
    first, last = _RANGES.get(code, (0, number))
    if not first <= number <= last:
        raise ValueError
    return number + (2000 if number < _CENTURY else 1900) if code == "y" else number


def _day(parsed: Mapping[str, int]) -> datetime:
    year, days = parsed["Y"], parsed.get("j", 1)
    if days > 365 + calendar.isleap(year):
        raise ValueError
    if "m" in parsed or "d" in parsed or "j" not in parsed:
        return datetime(year, parsed.get("month", 1), parsed.get("d", 1))  # noqa: DTZ001  (moments are UTC without a zone)
    return datetime(year, 1, 1) + timedelta(days=days - 1)  # noqa: DTZ001


def _hour(parsed: Mapping[str, int]) -> int:
    hour = parsed.get("H", 0)
    if "p" not in parsed:
        return hour
    if hour > 12:
        raise ValueError
    return hour % 12 + 12 * parsed["p"]
