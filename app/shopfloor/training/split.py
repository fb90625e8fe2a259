"""Training rows and holdout rows, so that nothing of the holdout is ever seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts import rowkeys
from shopfloor.artifacts.rowkeys import Keys
from shopfloor.artifacts.table import NO_TIME, Table
from shopfloor.domain import numbers
from shopfloor.domain.definition import ModelDefinition, Split
from shopfloor.domain.errors import DataError
from shopfloor.domain.text import counted, safe
from shopfloor.training.copies import Copies, find_copies

Rows = NDArray[np.intp]

_FEW_REPEATS = 0.05
_ENTITY_SHARE = 0.3
_LATE_SALT = 1


@dataclass(frozen=True)
class Parted:
    """Positions of training and holdout rows in the frame.

    Training rows of a time split are in time order. `late` ranks training rows from 0 to 1, by
    time or by a hash that equal rows share. `keys` has the stable key of every row of the frame.
    """

    train: Rows
    holdout: Rows
    late: NDArray[np.float64]
    used: Split
    keys: Keys
    notes: tuple[str, ...] = ()


def part_rows(
    frame: pd.DataFrame,
    table: Table,
    moments: NDArray[np.int64] | None,
    usable: NDArray[np.bool_],
    definition: ModelDefinition,
    features: Sequence[str],
) -> Parted:
    """Divide the rows where `usable` by time or by hash.

    By time: the holdout is the last share of time, and rows of one moment stay together. By hash:
    a row's side depends on its id (or, without one, on all its values except the target), so it
    never changes. Rows with the same id and rows with the same content stay together, and so do
    copies, which are equal in all `features` and the target: many copies share a side, a few are
    left out of training. `table` holds all columns but target and id, `moments` every row's time
    where the model has a time column.
    """
    keys, content = rowkeys.row_keys(frame, table, definition.id)
    rows, notes = _window(np.flatnonzero(usable), moments, definition)
    copies = find_copies(frame, table, features, rows, definition)
    parted = None
    if definition.training.split is not Split.HASH:
        parted = _by_time(rows, moments, keys, copies, definition)
    if parted is None:
        if definition.training.split is Split.TIME:
            raise _no_time(definition)
        parted = _by_hash(rows, keys, content, copies, definition)
        if moments is not None and definition.training.split is Split.AUTO:
            column = safe(definition.time, 60)
            notes = (
                *notes,
                f"Column {column!r} has too few moments to divide the rows by time: they are divided by hash.",
            )
    if len(parted.train) < 2 or len(parted.holdout) < 2:
        raise DataError(
            f"{len(rows)} usable rows leave {len(parted.train)} for training and {len(parted.holdout)} to "
            "hold out: too few.",
            hint="Deliver more rows, or change training.holdout.",
            code="too_few_rows",
        )
    return replace(parted, notes=(*notes, *parted.notes))


def _window(rows: Rows, moments: NDArray[np.int64] | None, definition: ModelDefinition) -> tuple[Rows, tuple[str, ...]]:
    """The rows of the last `window_days`, counted back from the latest one."""
    days = definition.training.window_days
    if days <= 0 or not len(rows):
        return rows, ()
    if moments is None:
        return rows, ("The window of days was ignored: the model has no time column.",)
    start = int(moments[rows].max()) - days * 86_400_000_000
    kept = rows[moments[rows] > start]
    older = counted(len(rows) - len(kept), "row is", "rows are")
    return kept, (f"{older} older than the window of {counted(days, 'day')}.",)


def _by_time(
    rows: Rows, moments: NDArray[np.int64] | None, keys: Keys, copies: Copies, definition: ModelDefinition
) -> Parted | None:
    """The time split, or None where time cannot divide the rows."""
    if moments is None:
        return None
    dated = rows[moments[rows] != NO_TIME]
    if len(dated) < max(2, len(rows) // 2):
        return None
    ordered = dated[np.argsort(moments[dated], kind="stable")]
    times = moments[ordered]
    cut = _cut(times, definition.training.holdout)
    if cut is None:
        return None
    notes: tuple[str, ...] = ()
    if len(dated) < len(rows):
        timeless = counted(len(rows) - len(dated), "row without a time was", "rows without a time were")
        notes = (f"{timeless} left out.",)
    train, holdout = ordered[times < cut], ordered[times >= cut]
    if definition.id:
        train, holdout, more = _apart(train, holdout, keys)
        notes += more
    train, more = copies.apart(train, holdout)
    notes += more
    late = np.arange(len(train)) / max(1, len(train))
    return Parted(train, holdout, late, Split.TIME, keys, notes)


def _cut(times: NDArray[np.int64], share: float) -> int | None:
    """The first moment of the holdout: the one that leaves a share nearest to the wanted one."""
    wanted = times[min(len(times) - 1, int((1.0 - share) * len(times)))]
    places = [np.searchsorted(times, wanted, side="left"), np.searchsorted(times, wanted, side="right")]
    usable = [place for place in places if 0 < place < len(times)]
    if not usable:
        return None
    best = min(usable, key=lambda place: abs((len(times) - place) / len(times) - share))
    return int(times[best])


def _apart(train: Rows, holdout: Rows, keys: Keys) -> tuple[Rows, Rows, tuple[str, ...]]:
    """Keep one id on one side. A few early rows of held-out ids are dropped; where ids go on and
    on (customers month after month), ids are divided by hash as well, so that the outcome of
    neither side decides who is in it."""
    repeated = np.isin(keys[train], keys[holdout])
    count = int(repeated.sum())
    if not count:
        return train, holdout, ()
    if count <= _FEW_REPEATS * len(train):
        return (
            train[~repeated],
            holdout,
            (f"{numbers.count(count)} training rows share their id with the holdout: left out.",),
        )
    held = rowkeys.shares(keys) < _ENTITY_SHARE
    note = (
        f"Ids repeat over time, so {numbers.percent(_ENTITY_SHARE)} of the ids were held out: "
        "training uses the early rows of the others, the holdout the late rows of these."
    )
    return train[~held[train]], holdout[held[holdout]], (note,)


def _by_hash(rows: Rows, keys: Keys, content: Keys, copies: Copies, definition: ModelDefinition) -> Parted:
    own, notes = copies.together(rows, keys)
    if copies.natural and not definition.id and len(np.unique(keys[rows])) < 0.5 * len(rows):
        own = rowkeys.mixed(keys + rowkeys.occurrences(keys))
        notes = ("Most rows are equal to others, so equal rows are on both sides of the split.",)
    held = rowkeys.shares(own[rows]) < definition.training.holdout
    train, more = copies.apart(rows[~held], rows[held])
    holdout = rows[held]
    notes += more
    if definition.id:
        train, more = _without_copies(train, holdout, content)
        notes += more
    late = rowkeys.shares(own[train], _LATE_SALT)
    return Parted(train, holdout, late, Split.HASH, keys, notes)


def _without_copies(train: Rows, holdout: Rows, content: Keys) -> tuple[Rows, tuple[str, ...]]:
    """Drop training rows that are copies of held-out rows under another id.

    Where a tenth or more are copies, equal rows are the nature of the data (few columns with few
    values), and are kept.
    """
    copies = np.isin(content[train], content[holdout])
    count = int(copies.sum())
    if not count or count >= 0.1 * len(train):
        return train, ()
    return train[~copies], (f"{numbers.count(count)} training rows are copies of held-out rows: left out.",)


def _no_time(definition: ModelDefinition) -> DataError:
    why = f"column {definition.time!r} cannot order the rows" if definition.time else "the model has no time column"
    return DataError(
        f"The rows cannot be split by time: {why}.",
        hint='Set `time` to a date or time column with several moments, or training.split = "hash".',
        code="no_time",
    )
