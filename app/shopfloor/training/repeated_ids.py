"""Rows that were delivered again: of one id, and one moment where there is a time column, the newest counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts import rowkeys
from shopfloor.artifacts.table import NO_TIME
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.text import counted, safe

Mask = NDArray[np.bool_]


def newest_only(
    frame: pd.DataFrame, moments: NDArray[np.int64], usable: Mask, definition: ModelDefinition
) -> tuple[Mask, tuple[str, ...]]:
    """Those of the `usable` rows that no later one replaces, and a note on the others.

    A later row has the same id and, where the model has a time column, the same time: customers may come month after
    month. Rows stand in the order in which they were delivered; those without an id are kept.
    """
    if definition.id is None or definition.id not in frame.columns:
        return usable, ()
    keys, known = rowkeys.id_keys(frame[definition.id])
    if definition.time is not None:
        moment = moments.view(np.uint64) if (moments != NO_TIME).any() else rowkeys.id_keys(frame[definition.time])[0]
        keys = rowkeys.mixed(keys) + rowkeys.mixed(moment)
    rows = np.flatnonzero(usable & known)
    _, newest = np.unique(keys[rows][::-1], return_index=True)
    repeated = len(rows) - len(newest)
    if not repeated:
        return usable, ()
    kept = usable & ~known
    kept[rows[::-1][newest]] = True
    same = f"the {safe(definition.id, 60)}" + (f" and {safe(definition.time, 60)}" if definition.time else "")
    left = counted(repeated, "row repeats", "rows repeat")
    return kept, (f"{left} {same} of another row: only the newest of each is learned from.",)
