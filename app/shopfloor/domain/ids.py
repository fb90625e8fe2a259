"""Identifiers: sortable random ids for operations, readable counted ids for things people name."""

from __future__ import annotations

import os
import re
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class _LastId:
    """The id given out last in this process, so that ids of one millisecond still sort by creation."""

    lock = threading.Lock()
    value = 0


def ulid() -> str:
    """A 26-character id: 48 bits of milliseconds, 80 random bits, so ids sort by creation."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10))
    with _LastId.lock:
        value = _LastId.value = max(value, _LastId.value + 1)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -5, -5))


_COUNTED = re.compile(r"^([fjra])(\d{1,12})$")


def counted(prefix: str, number: int) -> str:
    """A readable id such as `r42`: `f` file, `j` job, `r` run, `a` alert."""
    return f"{prefix}{number}"
