"""Values of a notebook as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Numbers, text, booleans, lists and dictionaries as they are; numpy scalars and arrays
    unpacked; anything else as its text."""
    if value is None or isinstance(value, bool):
        return value
    # numpy's float and string scalars are subclasses that an encoder does not take.
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    unpack = getattr(value, "tolist", None)
    return plain(unpack()) if callable(unpack) else str(value)
