"""Aligned columns and facts that fit the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from shopfloor.cli.output.cells import NOTHING
from shopfloor.cli.output.width import columns, cut, pad, wrap

T = TypeVar("T")
_GAP = "  "
_SMALLEST = 6


class TextColumn(NamedTuple, Generic[T]):
    """One column: its title and how a record's cell reads.

    A column with `room` gives way when the terminal is narrow: first down to that many columns,
    and when all that may leave have left, down to what is readable; one that `keeps_end` loses its
    beginning (a path). Columns with a higher `drop` leave first, 0 stays.
    """

    title: str
    cell: Callable[[T], str]
    right: bool = False
    room: int = 0
    keeps_end: bool = False
    drop: int = 0


def table(layout: Sequence[TextColumn[Any]], records: Sequence[Any], width: int | None) -> str:
    """Records as lines under a header, no line wider than `width` columns (None: as wide as it is)."""
    cells = [[column.cell(record) for record in records] for column in layout]
    sizes = [max([columns(column.title), *map(columns, found)]) for column, found in zip(layout, cells, strict=True)]
    kept = _fit(layout, sizes, width)
    lines = [_line(layout, [column.title for column in layout], kept)]
    lines += [_line(layout, row, kept) for row in zip(*cells, strict=True)]
    return "\n".join(lines)


def _fit(layout: Sequence[TextColumn[Any]], sizes: list[int], width: int | None) -> dict[int, int]:
    """Index of each column that stays, with its size."""
    kept = dict(enumerate(sizes))
    if width is None:
        return kept
    by_drop = sorted((index for index in kept if layout[index].drop), key=lambda index: layout[index].drop)
    while by_drop and _total({i: _preferred_width(layout[i], size) for i, size in kept.items()}) > width:
        del kept[by_drop.pop()]
    _shrink(kept, {i: _preferred_width(layout[i], size) for i, size in kept.items()}, width)
    _shrink(kept, {i: _least(layout[i], size) for i, size in kept.items()}, width)
    while _total(kept) > width and len(kept) > 1:
        kept.popitem()  # the first column names the row and stays to the end
    if _total(kept) > width:
        kept[next(iter(kept))] = width
    return kept


def _shrink(kept: dict[int, int], floors: dict[int, int], width: int) -> None:
    """Take from the widest column that is above its floor, until all fit or none is left."""
    while (excess := _total(kept) - width) > 0:
        giving = [index for index, size in kept.items() if size > floors[index]]
        if not giving:
            return
        widest = max(giving, key=lambda index: kept[index])
        others = [kept[index] for index in giving if index != widest]
        # Down to the second widest at most, so that two long columns share the loss.
        step = max(kept[widest] - max(others, default=0), 1)
        kept[widest] = max(floors[widest], kept[widest] - min(excess, step))


def _preferred_width(column: TextColumn[Any], size: int) -> int:
    return min(size, max(column.room, columns(column.title))) if column.room else size


def _least(column: TextColumn[Any], size: int) -> int:
    return min(size, max(_SMALLEST, columns(column.title))) if column.room else size


def _total(kept: dict[int, int]) -> int:
    return sum(kept.values()) + len(_GAP) * (len(kept) - 1)


def _line(layout: Sequence[TextColumn[Any]], row: Sequence[str], kept: dict[int, int]) -> str:
    shown = [
        pad(cut(row[index], size, keep_end=layout[index].keeps_end), size, right=layout[index].right)
        for index, size in kept.items()
    ]
    return _GAP.join(shown).rstrip()


def facts(rows: Sequence[tuple[str, str]], width: int | None) -> str:
    """Labels and values in two columns; a long value goes on below itself."""
    widest = max((columns(label) for label, _ in rows), default=0)
    lines: list[str] = []
    for label, value in rows:
        if width is None:
            lines.append(f"{pad(label, widest)}{_GAP}{value}".rstrip())
        else:
            lines += _fact(label, value, widest, width)
    return "\n".join(lines)


def _fact(label: str, value: str, widest: int, width: int) -> list[str]:
    room = width - widest - len(_GAP)
    if room < _SMALLEST:  # no two columns fit: the value stands below its label
        return [cut(label, width), *(_GAP + line for line in wrap(value, max(width - len(_GAP), 1)))]
    first, *rest = wrap(value, room)
    indent = " " * (widest + len(_GAP))
    return [f"{pad(label, widest)}{_GAP}{first}".rstrip(), *(indent + line for line in rest)]


def present(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The facts that are known."""
    return [(label, value) for label, value in rows if value not in ("", NOTHING)]


def sentence(words: str, width: int | None) -> str:
    """Words on as many lines as they need."""
    return words if width is None else "\n".join(wrap(words, width))


def paragraphs(*parts: str) -> str:
    """Parts with an empty line between them; empty parts are left out."""
    return "\n\n".join(part for part in parts if part)
