"""Days and times as ISO 8601 and RFC 3339 write them: the one reader of a single text, and its patterns.

Patterns mean the same in RE2 and in `re` with `re.ASCII`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

# RFC 3339 takes small letters for T and Z, too.
T = "[Tt ]"
DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
UTC_MARK = r" ?(Z|z|UTC|GMT)"
OFFSET = r"[+-]\d{2}(:?\d{2})?"
MIDNIGHT = rf"00:00(:00(\.0+)?)?({UTC_MARK}| ?[+-]00(:?00)?)?"
"""That of UTC, or of no zone."""

_MOMENT = re.compile(
    rf"(?P<day>{DAY})(?:{T}(?P<clock>{CLOCK})(?:{UTC_MARK}| ?(?P<offset>{OFFSET}))?)?",
    re.ASCII,
)


_USUAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII).fullmatch


class InvalidValue(ValueError):
    """A value that is none of its column. `reason` says why where the value looks like one, else it is empty."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


def iso_moment(text: str) -> datetime | None:
    """The moment, in UTC and without a zone; None for a text that is not written so.

    Raises `InvalidValue` for a day or a time that there is not.
    """
    at = usual_moment(text)
    if at is not None:
        return at
    found = _MOMENT.fullmatch(text)
    return None if found is None else _moment(*found.group("day", "clock", "offset"))


def usual_moment(text: str) -> datetime | None:
    """`iso_moment` of what nearly all texts look like, recognized at once, since a request waits for it."""
    if not _USUAL(text):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None  # 24:00:00, or no time at all


def calendar_day(text: str) -> date:
    """The day that a text such as 2026-01-31 or 2026/1/31 is. Raises `InvalidValue`."""
    words = text.split(text[4])
    if len(words) != 3:
        raise InvalidValue  # two different marks
    year, month, day = words
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise InvalidValue("there is no such day") from None


def _moment(day: str, clock: str | None, offset: str | None) -> datetime:
    on = calendar_day(day)
    at = datetime(on.year, on.month, on.day)  # noqa: DTZ001  (moments are UTC without a zone)
    if clock is None:
        return at
    hour, minute, second, micros = _clock(clock)
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second or micros)):
        raise InvalidValue("there is no such time of day")
    try:
        at += timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)
        return at if offset is None else at - _from_utc(offset)
    except OverflowError:
        raise InvalidValue("it is outside the years 1 to 9999") from None


def _clock(text: str) -> tuple[int, int, int, int]:
    """Hour, minute, second and microseconds; further digits are left off."""
    hour, minute, *rest = text.split(":")
    second, _, fraction = rest[0].partition(".") if rest else ("0", "", "")
    return int(hour), int(minute), int(second), int(fraction[:6].ljust(6, "0"))


def _from_utc(offset: str) -> timedelta:
    away = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].lstrip(":") or 0))
    return -away if offset[0] == "-" else away
