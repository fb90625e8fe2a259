"""One value as a few characters. Numbers look the same in every locale; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shopfloor.domain import numbers
from shopfloor.domain.text import safe

NOTHING = "–"


def text(value: object) -> str:
    """Foreign text on one safe line; a dash for nothing."""
    return NOTHING if value is None or value == "" else safe(value)


def count(value: int | None) -> str:
    """`1,234,567`."""
    return NOTHING if value is None else f"{value:,}"


def words(value: object) -> str:
    """Foreign text in a column of sentences, where nothing is shown as nothing."""
    return "" if value is None else safe(value)


def figure(value: float | None) -> str:
    """A score or effect, as `numbers.figure` shows it."""
    return NOTHING if value is None else numbers.figure(value)


def probability(value: float | None) -> str:
    """A p-value; below what matters it is not spelled out."""
    return "<0.0001" if value is not None and value < 1e-4 else figure(value)


def gain(value: float | None) -> str:
    """A difference, with its sign."""
    return NOTHING if value is None else ("+" if value >= 0 else "") + figure(value)


def share(value: float | None) -> str:
    """`62 %`; what is there but rounds to nothing is `<1 %`."""
    if value is None:
        return NOTHING
    return "<1 %" if 0 < value < 0.005 else f"{value * 100:.0f} %"


def size(value: int | None) -> str:
    """`1.2 MB`, in powers of 1000."""
    if value is None:
        return NOTHING
    amount, units = float(value), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" or amount >= 99.5 else f"{amount:.1f} {units[0]}"


def span(seconds: float | None) -> str:
    """`0.4 s`, `42 s`, `3m05s`, `2h10m`, `3d04h`."""
    if seconds is None:
        return NOTHING
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for step, big, small in ((60, "m", "s"), (60, "h", "m"), (24, "d", "h")):
        whole, rest = divmod(whole, step)
        if whole < (24 if big == "h" else 60) or big == "d":
            return f"{whole}{big}{rest:02d}{small}"
    raise AssertionError("days end the loop")


def moment(value: datetime | None) -> str:
    """`2026-11-23 13:05:36Z`."""
    return NOTHING if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def minute(value: datetime | None) -> str:
    """`2026-11-23 13:05Z`, for a list."""
    return NOTHING if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def times(number: int) -> str:
    """`once`, `14 times`."""
    return "once" if number == 1 else f"{number:,} times"


def version(value: int | None) -> str:
    """`v3`."""
    return NOTHING if value is None else f"v{value}"


def joined(values: object) -> str:
    """Names with commas."""
    names = [safe(value) for value in values] if isinstance(values, list | tuple) else []
    return ", ".join(names) or NOTHING


def pairs(values: Mapping[str, Any]) -> str:
    """`a=1 b=0.5 c=x,y`, in the order given."""
    return " ".join(f"{safe(key)}={setting(value)}" for key, value in values.items()) or NOTHING


def setting(value: Any) -> str:
    """A value as a person would write it: numbers short, lists with commas."""
    if isinstance(value, bool):
        return yes(value)
    if isinstance(value, float):
        return numbers.exact(float(f"{value:.6g}"))
    if isinstance(value, list | tuple):
        return ",".join(setting(each) for each in value) or NOTHING
    return text(value)


def yes(value: bool) -> str:
    """`yes` or `no`."""
    return "yes" if value else "no"
