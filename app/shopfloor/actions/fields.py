"""Text of a form or a command line as values, with an error that says what would be right."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from shopfloor.actions.action import Inputs
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe

E = TypeVar("E", bound=StrEnum)


def names(text: str) -> tuple[str, ...]:
    """`A, B` as names, order kept, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def values(kind: type[StrEnum]) -> tuple[str, ...]:
    """The texts of an enumeration, for a field's choices."""
    return tuple(each.value for each in kind)


def member(kind: type[E], text: str, label: str) -> E:
    """The member of an enumeration that `text` writes; raises `UsageError` with the nearest one."""
    try:
        return kind(text.strip().lower())
    except ValueError as error:
        raise UsageError(
            f"{safe(text, 40)!r} is not a {label}.",
            hint=did_you_mean(text, [str(each) for each in kind]),
            code="bad_value",
        ) from error


def choice(kind: type[E], inputs: Inputs, name: str) -> E | None:
    """The member that the field `name` gives, None when the field is empty."""
    return member(kind, inputs[name], name.replace("_", " ")) if name in inputs else None


def number(text: str, label: str) -> float:
    """A finite number; raises `UsageError`."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    # Comparing drops NaN and both infinities.
    if not -1e308 < value < 1e308:
        raise UsageError(f"{safe(text, 40)!r} is not a number for {label}.", code="bad_value")
    return value


def whole(text: str, label: str) -> int:
    """A whole number of 0 or more; raises `UsageError`."""
    if not text.strip().isdecimal() or len(text) > 18:
        raise UsageError(f"{safe(text, 40)!r} is not a whole number for {label}.", code="bad_value")
    return int(text)
