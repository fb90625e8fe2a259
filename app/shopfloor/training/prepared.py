"""Rows made ready to learn from: read, target found, columns chosen, divided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts.row_times import row_times
from shopfloor.artifacts.table import NO_TIME, Table, parse
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import ModelDefinition, Split
from shopfloor.domain.errors import DataError
from shopfloor.domain.numbers import count
from shopfloor.training.features import candidate_columns, learnable
from shopfloor.training.repeated_ids import newest_only
from shopfloor.training.split import JudgedBlock, Parted, part_rows
from shopfloor.training.task import Target, read_target


@dataclass(frozen=True)
class Prepared:
    """`table` holds the chosen `columns` of all rows of `frame`; `parted` has the positions of those that are learned
    and judged, `moments` every row's time (all missing without a time column). With `every` all rows are learned, also
    those that are judged.
    """

    frame: pd.DataFrame
    moments: NDArray[np.int64]
    columns: tuple[Column, ...]
    target: Target
    parted: Parted
    table: Table
    notes: tuple[str, ...]
    every: bool = False

    @cached_property
    def train(self) -> Table:
        """The training rows of the newest block."""
        return self.table.take(self.parted.train)

    @cached_property
    def holdout(self) -> Table:
        """The rows of the newest block."""
        return self.table.take(self.parted.holdout)

    @property
    def unlabelled(self) -> NDArray[np.intp]:
        """The positions of the rows without a target."""
        return np.flatnonzero(~self.target.present)

    @property
    def train_values(self) -> NDArray[Any]:
        """The target of the training rows of the newest block."""
        return self.target.values[self.parted.train]

    @property
    def holdout_values(self) -> NDArray[Any]:
        """The target of the rows of the newest block."""
        return self.target.values[self.parted.holdout]

    def judged_by_all(self) -> Prepared:
        """The same rows with all of them for training, as the released model learns them."""
        every = JudgedBlock(self.parted.rows, self.parted.holdout, self.parted.late)
        return replace(self, parted=replace(self.parted, blocks=(every,)), every=True)


def prepare(frame: pd.DataFrame, columns: tuple[Column, ...], definition: ModelDefinition) -> Prepared:
    """All that happens to rows before a model is fitted. Deterministic, and the same in any process.

    Raises `DataError` when the rows cannot be learned from.
    """
    _check_rows(len(frame), definition)
    target = read_target(frame, columns, definition)
    usable = int(target.present.sum())
    _check_rows(usable, definition, missing=len(frame) - usable)
    others = [one for one in columns if one.name not in {definition.target, definition.id}]
    table = parse(frame, others)
    possible = candidate_columns(columns, definition)
    moments = _moments(frame, definition)
    newest, repeats = newest_only(frame, moments, target.present, definition)
    _check_rows(int(newest.sum()), definition)
    parted = part_rows(
        frame, table, moments if definition.time else None, newest, definition, [one.name for one in possible]
    )
    parted = _with_classes(target, parted)
    chosen, notes = learnable(possible, table.take(parted.train), definition)
    missing = len(frame) - usable
    first = (f"{count(missing)} of {count(len(frame))} rows have no target and were left out.",) if missing else ()
    names = [column.name for column in chosen]
    return Prepared(
        frame=frame,
        moments=moments,
        columns=chosen,
        target=target,
        parted=parted,
        table=table.select(names),
        notes=(*first, *repeats, *target.notes, *parted.notes, *notes),
    )


def _moments(frame: pd.DataFrame, definition: ModelDefinition) -> NDArray[np.int64]:
    """Raises `DataError` for a time column that does not say when, unless the rows are to be divided by hash."""
    nothing = np.full(len(frame), NO_TIME, dtype=np.int64)
    if definition.time is None or definition.time not in frame.columns:
        return nothing
    try:
        return row_times(frame[definition.time])
    except DataError:
        if definition.training.split is Split.HASH:
            return nothing
        raise


def _check_rows(rows: int, definition: ModelDefinition, missing: int = 0) -> None:
    least = max(4, definition.training.min_rows)
    if rows >= least:
        return
    lacking = f" ({count(missing)} more have no target)" if missing else ""
    raise DataError(
        f"{rows} rows of {definition.dataset} are too few to train {definition.name}{lacking}; at least {least}.",
        hint="Deliver more rows, or lower training.min_rows of the definition.",
        code="too_few_rows",
    )


def _with_classes(target: Target, parted: Parted) -> Parted:
    """Only blocks whose training rows have two classes. Raises `DataError` where that of the newest has one."""
    if not target.classes:
        return parted
    found = np.unique(target.values[parted.train])
    if len(found) < 2:
        raise DataError(
            f"All {count(len(parted.train))} training rows have the class {target.classes[int(found[0])]!r}; "
            "the other classes only occur in the holdout.",
            hint="Deliver more rows, or change training.split or training.holdout.",
            code="one_class",
        )
    sound = tuple(one for one in parted.blocks if len(np.unique(target.values[one.train])) > 1)
    return replace(parted, blocks=sound)
