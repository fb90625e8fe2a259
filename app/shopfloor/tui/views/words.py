"""Times, sizes and numbers in words, the same in every locale."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from shopfloor.domain import numbers

NONE = numbers.NOTHING


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago in one unit: `now`, `40s`, `3m`, `2h`, `5d`."""
    if at is None:
        return NONE
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    return "now" if seconds < 2 else _whole(seconds)


def _whole(seconds: float) -> str:
    """Whole units that have gone by: 100 s are `1m`, since the second minute is not over."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """A point in time in eight characters, UTC: `14:05:09` today, `24 Nov` this year, else `2025-11`.

    The months are spelt here, because `%b` follows the locale.
    """
    if at is None:
        return NONE
    today = now or datetime.now(UTC)
    if at.date() == today.date():
        return f"{at:%H:%M:%S}"
    return f"{at.day} {_MONTHS[at.month - 1]}" if at.year == today.year else f"{at:%Y-%m}"


def stamp(at: datetime | None) -> str:
    """Date and time in UTC."""
    return NONE if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


count = numbers.optional(numbers.count)
compact = numbers.optional(numbers.compact)
score = numbers.figure
number = numbers.optional(numbers.rounded)
gain = numbers.optional(numbers.gain)
share = numbers.optional(numbers.whole_percent)
size = numbers.optional(numbers.size)
span = numbers.optional(partial(numbers.duration, terse=True))


def signed(value: float | None) -> str:
    """A whole number with its sign, nothing for zero."""
    return numbers.change(value) if value else NONE


def moved(added: int, changed: int) -> str:
    """Rows that came, with their sign; where none did, those that changed."""
    return signed(added) if added or not changed else f"~{numbers.count(changed)}"


def value_text(value: object) -> str:
    """A value of a record's data as a person writes it: no brackets, no 17 digits."""
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value)) or NONE
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(one)}" for name, one in value.items()) or NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return numbers.rounded(value, 4)
    return NONE if value in (None, "") else numbers.level(value) if isinstance(value, int) else str(value)


def version(number: int | None) -> str:
    """A version's short name."""
    return NONE if number is None else f"v{number}"
