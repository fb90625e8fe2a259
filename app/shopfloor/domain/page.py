"""A window of a longer list."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Rows `offset` to `offset + len(rows)` of `total`, as of event `seq`."""

    rows: tuple[T, ...]
    total: int
    offset: int = 0
    seq: int = 0
