"""Columns of a table, and which of them fit a width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from shopfloor.tui.widgets.cells import Align

KEEP: Final = 100
GAP: Final = 2


class TableColumn(msgspec.Struct, frozen=True):
    """One column of a table.

    `width` is a fixed number of cells. Without it the column shares what is left in proportion to
    `ratio`, never under `min` nor over `max` cells. Columns of low `priority` (0 to 99) drop out
    first when there is too little room; `KEEP` (100) stays.
    """

    key: str
    title: str
    width: int | None = None
    ratio: float = 1.0
    min: int = 6
    max: int | None = None
    align: Align = "left"
    priority: int = KEEP
    sortable: bool = False

    @property
    def least(self) -> int:
        """Cells below which the column is not worth showing."""
        return self.min if self.width is None else self.width


class ColumnSlot(NamedTuple):
    """Where a column stands: which one, and its first cell and width on the line."""

    at: int
    x: int
    width: int


def fit_columns(columns: Sequence[TableColumn], width: int) -> list[ColumnSlot]:
    """The columns that fit `width` cells, in order, with their places.

    A wider line never shows fewer columns. Columns that must stay are cut from the right when even
    they do not fit.
    """
    shown = _droppable(columns, width)
    widths = _share([columns[index] for index in shown], width - GAP * (len(shown) - 1))
    slots: list[ColumnSlot] = []
    x = 0
    for index, cells in zip(shown, widths, strict=True):
        cells = min(cells, width - x)
        if cells <= 0:
            break
        slots.append(ColumnSlot(index, x, cells))
        x += cells + GAP
    return slots


def natural_columns(columns: Sequence[TableColumn]) -> list[ColumnSlot]:
    """Every column at its own width, for a table that scrolls sideways."""
    slots: list[ColumnSlot] = []
    x = 0
    for index, column in enumerate(columns):
        slots.append(ColumnSlot(index, x, column.least))
        x += column.least + GAP
    return slots


def _droppable(columns: Sequence[TableColumn], width: int) -> list[int]:
    """Indices left after dropping by rising priority, the rightmost first among equals."""
    shown = list(range(len(columns)))
    need = sum(column.least for column in columns) + GAP * (len(columns) - 1)
    by_worth = sorted(shown, key=lambda index: (columns[index].priority, -index))
    for index in by_worth:
        if need <= width or columns[index].priority >= KEEP:
            break
        shown.remove(index)
        need -= columns[index].least + GAP
    return shown


def _share(columns: Sequence[TableColumn], room: int) -> list[int]:
    """Widths of the columns: fixed ones as they are, the others from what is left."""
    widths = [column.least for column in columns]
    elastic = [i for i, column in enumerate(columns) if column.width is None and column.ratio > 0]
    left = room - sum(widths)
    while left > 0 and elastic:
        total = sum(columns[i].ratio for i in elastic)
        given = 0
        for i in elastic:
            most = columns[i].max
            extra = max(1, int(left * columns[i].ratio / total))
            extra = min(extra, left - given)
            if most is not None:
                extra = min(extra, most - widths[i])
            widths[i] += max(0, extra)
            given += max(0, extra)
        left -= given
        elastic = [i for i in elastic if not _full(columns[i], widths[i])]
        if given == 0:
            break
    return widths


def _full(column: TableColumn, width: int) -> bool:
    return column.max is not None and width >= column.max
