"""One value as a few characters. Numbers look the same in every locale; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shopfloor.domain import numbers
from shopfloor.domain.text import safe

NOTHING = numbers.NOTHING
count = numbers.optional(numbers.count)
chance = numbers.chance
figure = numbers.figure
gain = numbers.optional(numbers.gain)
probability = numbers.optional(numbers.probability)
share = numbers.optional(numbers.whole_percent)
size = numbers.optional(numbers.size)
span = numbers.optional(numbers.duration)


def text(value: object) -> str:
    """Foreign text on one safe line; a dash for nothing."""
    return NOTHING if value is None or value == "" else safe(value)


def words(value: object) -> str:
    """Foreign text in a column of sentences, where nothing is shown as nothing."""
    return "" if value is None else safe(value)


def moment(value: datetime | None) -> str:
    """`2026-11-23 13:05:36Z`."""
    return NOTHING if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def minute(value: datetime | None) -> str:
    """`2026-11-23 13:05Z`, for a list."""
    return NOTHING if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


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
        return numbers.exact(numbers.significant(value, 6))
    if isinstance(value, list | tuple):
        return ",".join(setting(each) for each in value) or NOTHING
    return text(value)


def yes(value: bool) -> str:
    """`yes` or `no`."""
    return "yes" if value else "no"
