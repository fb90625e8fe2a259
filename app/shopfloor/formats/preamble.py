"""Titles, notes and empty rows above a table: where its header stands below them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.headers import header_below

_AGREE = 0.8
_FEWEST = 3  # rows that show how wide the table is

Numbered = tuple[int, Sequence[str]]
"""A record and the line, or row, on which it begins."""


def check_first(
    records: Sequence[Numbered], expected: frozenset[str], fold: Callable[[str], str], headless: Callable[..., bool]
) -> None:
    """Raise `BadFile` when the first of `records` is no header and a later one is, saying on which line."""
    if not records:
        return
    width = _width(records)
    for position, (line, cells) in enumerate(records):
        names = [fold(cell) for cell in cells]
        known = bool(expected) and expected <= set(names)
        named = len(cells) == width and all(cell.strip() for cell in cells) and len(set(names)) == len(names)
        if not (known or (named and not headless(cells))):
            continue
        if position == 0:
            if not _later(records, expected, fold):
                return
            continue
        rows = records[position + 1 :]
        same = sum(len(row) == len(cells) for _, row in rows)
        if known or (
            all(_is_beside(above, width) for _, above in records[:position])
            and len(rows) >= _FEWEST
            and same >= _AGREE * len(rows)
        ):
            raise BadFile(header_below(line, cells))
        return


def _is_beside(cells: Sequence[str], width: int) -> bool:
    """True for a record that is a title, a note or empty, and no header that lacks a name."""
    filled = sum(bool(cell.strip()) for cell in cells)
    return filled == 0 or (filled == 1 and (len(cells) == 1 or width > 2))


def _width(records: Sequence[Numbered]) -> int:
    """The width of most records; 0 where no table is found by it."""
    counts = Counter(len(cells) for _, cells in records if len(cells) > 1)
    return counts.most_common(1)[0][0] if counts else 0


def _later(records: Sequence[Numbered], expected: frozenset[str], fold: Callable[[str], str]) -> bool:
    """True when the names that are expected stand below, and not in the first record."""
    first, *rest = ({fold(cell) for cell in cells} for _, cells in records)
    return bool(expected) and not expected <= first and any(expected <= names for names in rest)
