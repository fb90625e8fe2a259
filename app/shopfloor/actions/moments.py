"""Times and spans as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.errors import UsageError
from shopfloor.domain.text import safe

_SPAN = re.compile(r"^(\d{1,6})\s*(m|min|h|d|w)$")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3660)


def parse_span(text: str) -> timedelta:
    """`30m`, `4h`, `1d` or `2w` as a span of time; raises `UsageError`."""
    found = _SPAN.match(text.strip().lower())
    span = timedelta(**{_UNITS[found.group(2)]: int(found.group(1))}) if found else timedelta(0)
    if not timedelta(0) < span <= _LONGEST:
        raise UsageError(
            f"{safe(text, 40)!r} is not a span of time.",
            hint="Write a number and m, h, d or w: 30m, 4h, 1d, 2w (ten years at most).",
            code="bad_span",
        )
    return span


def parse_time(text: str) -> datetime:
    """An RFC 3339 time, or a date, which means the end of that day; UTC where no zone is given.

    Raises `UsageError`.
    """
    words = text.strip()
    try:
        value = datetime.fromisoformat(words)
        # "as of 30 June" includes what happened on 30 June.
        if len(words) == 10:
            value = datetime.combine(value.date(), time.max)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{safe(text, 40)!r} is not a time.",
            hint="Write 2026-06-30 or 2026-06-30T14:00:00Z (UTC).",
            code="bad_time",
        ) from error


def parse_until(text: str, clock: Clock | None = None) -> datetime:
    """A time in the future, written as a time or as a span from now; raises `UsageError`."""
    now = (clock or SystemClock()).now()
    if _SPAN.match(text.strip().lower()):
        return now + parse_span(text)
    value = parse_time(text)
    if value <= now:
        raise UsageError(
            f"{safe(text, 40)!r} is in the past.",
            hint="Write a later time, or a span from now such as 4h.",
            code="bad_time",
        )
    return value
