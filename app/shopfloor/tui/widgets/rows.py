"""Rows of a table, where they come from, and the part of them a table remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

PAGE: Final = 100  # windows are asked for in whole pages, one beyond the screen on each side
_REMEMBERED: Final = 4_000


class Cell(msgspec.Struct, frozen=True):
    """Text of one cell, unescaped as it came, with an optional tone (see `lines.Toned`)."""

    text: str
    tone: str = ""


class Row(msgspec.Struct, frozen=True):
    """One row: `key` names it for ever, `cells` follow the table's columns."""

    key: str
    cells: tuple[Cell | str, ...]
    tone: str = ""


class RowCache:
    """Rows by index. Rows of an older revision stay visible until newer ones replace them."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._fresh: set[int] = set()
        self.revision: int | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, index: int) -> Row | None:
        return self._rows.get(index)

    def put(self, first: int, rows: Sequence[Row], total: int, revision: int) -> None:
        """Take in one window; another revision makes all other rows stale."""
        if revision != self.revision:
            self._fresh.clear()
            self.revision = revision
        for index, row in enumerate(rows, first):
            self._rows[index] = row
            self._fresh.add(index)
        for index in [index for index in self._rows if index >= total]:
            del self._rows[index]
            self._fresh.discard(index)
        self._forget(first + len(rows) // 2)

    def replace(self, rows: Sequence[Row]) -> None:
        """Take in the whole list."""
        self._rows = dict(enumerate(rows))
        self._fresh = set(self._rows)

    def clear(self) -> None:
        self._rows.clear()
        self._fresh.clear()

    def expire(self) -> None:
        """Make every row stale."""
        self._fresh.clear()

    def lacks(self, first: int, last: int) -> bool:
        """Whether any row of `first … last - 1` is missing or stale."""
        return any(index not in self._fresh for index in range(first, last))

    def items(self) -> Iterator[tuple[int, Row]]:
        return iter(self._rows.items())

    def _forget(self, centre: int) -> None:
        if len(self._rows) <= _REMEMBERED:
            return
        near = sorted(self._rows, key=lambda index: abs(index - centre))
        for index in near[_REMEMBERED // 2 :]:
            del self._rows[index]
            self._fresh.discard(index)


def page_around(first: int, last: int, total: int) -> tuple[int, int]:
    """`(first, count)` of the whole pages holding rows `first … last - 1` and one page around."""
    start = max(0, first // PAGE - 1) * PAGE
    stop = min(total, (-(-last // PAGE) + 1) * PAGE)
    return start, max(0, stop - start)
