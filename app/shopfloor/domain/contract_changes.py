"""What is different between two contracts, in words."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.contract import Contract
from shopfloor.domain.text import counted, safe

_LISTS = {"columns": "name", "rules": "column"}
_LONGEST = 200


def changes(before: Contract | None, after: Contract) -> tuple[str, ...]:
    """Sentences such as `price.min: 0 -> 5`; one for a contract that is new. The revision is no change."""
    if before is None:
        count = len(after.columns)
        return (f"new, {counted(count, 'column')}" if count else "new, no columns yet",)
    left, right = msgspec.to_builtins(before), msgspec.to_builtins(after)
    found: list[str] = []
    for key in right:
        if key in {"name", "revision"}:
            continue
        if key in _LISTS:
            found += _of_list(key, _LISTS[key], left[key], right[key])
        elif isinstance(right[key], dict):
            found += _of_table(key, left[key], right[key])
        elif left[key] != right[key]:
            found.append(_moved(key, left[key], right[key]))
    return tuple(found)


def same(left: Contract | None, right: Contract | None) -> bool:
    """True when two contracts require the same, whatever their revisions."""
    if left is None or right is None:
        return left is right
    return msgspec.structs.replace(left, revision=0) == msgspec.structs.replace(right, revision=0)


def _of_list(key: str, named: str, left: list[Any], right: list[Any]) -> list[str]:
    old, new = ({one[named]: one for one in side} for side in (left, right))
    what = "column" if key == "columns" else "rule of"
    found = [f"{what} {safe(name, 80)} joined{_kind(new[name])}" for name in new if name not in old]
    found += [f"{what} {safe(name, 80)} left" for name in old if name not in new]
    for name in new:
        if name in old:
            found += _of_table(safe(name, 80), old[name], new[name])
    if not found and list(old) != list(new):
        found.append(f"{key} in another order")
    return found


def _kind(entry: dict[str, Any]) -> str:
    return f" ({entry['type']})" if "type" in entry else ""


def _of_table(prefix: str, left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return [_moved(f"{prefix}.{key}", left[key], right[key]) for key in right if left[key] != right[key]]


def _moved(key: str, left: Any, right: Any) -> str:
    return safe(f"{key}: {_shown(left)} -> {_shown(right)}", _LONGEST)


def _shown(value: Any) -> str:
    if value in (None, "", [], ()):
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return " ".join(str(one) for one in value.values() if one)
    return str(value)
