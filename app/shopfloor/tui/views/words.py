"""Times, sizes and numbers in words, the same in every locale."""

from __future__ import annotations

from datetime import UTC, datetime

from shopfloor.domain import numbers

NONE = "–"


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
            return f"{seconds // size:.0f}{unit}"
    return f"{int(seconds)}s"


def span(seconds: float | None) -> str:
    """A length of time in one unit and at most four characters: `47ms`, `1.3s`, `42s`, `3.5m`, `12h`."""
    if seconds is None:
        return NONE
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        amount = seconds / size
        if amount >= 0.9995:
            return f"{amount:.0f}{unit}" if amount >= 9.95 or round(amount, 1) % 1 == 0 else f"{amount:.1f}{unit}"
    return f"{seconds:.1f}s" if seconds >= 0.0995 else f"{1000 * seconds:.0f}ms"


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


def count(value: float | None) -> str:
    """A whole number with thin groups: `36,000`."""
    return NONE if value is None else f"{value:,.0f}"


def compact(value: float | None) -> str:
    """A whole number in at most five characters: `9,999`, `33k`, `1.2M`."""
    if value is None:
        return NONE
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size:
            amount = value / size
            return f"{amount:.1f}{unit}" if amount < 9.95 else f"{amount:.0f}{unit}"
    return f"{value:,.0f}"


def signed(value: float | None) -> str:
    """A whole number with its sign, nothing for zero."""
    return NONE if not value else f"{value:+,.0f}"


def score(value: float | None) -> str:
    """A metric, as `numbers.figure` shows it."""
    return NONE if value is None else numbers.figure(value)


def number(value: float | None) -> str:
    """A figure with three significant digits or so."""
    return NONE if value is None else numbers.rounded(value)


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
    return NONE if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def gain(value: float | None) -> str:
    """A difference with its sign, three digits."""
    return NONE if value is None else f"{value:+.3f}"


def size(value: int | None) -> str:
    """Bytes in a unit of 1,024."""
    if value is None:
        return NONE
    amount = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


def share(value: float | None) -> str:
    """A part of one as a percentage."""
    return NONE if value is None else f"{100 * value:.0f}%"


def version(number: int | None) -> str:
    """A version's short name."""
    return NONE if number is None else f"v{number}"
