"""Rows that are copies of others: equal in every feature and in the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts import rowkeys
from shopfloor.artifacts.rowkeys import Keys
from shopfloor.artifacts.table import Table
from shopfloor.domain import numbers
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.text import counted

Rows = NDArray[np.intp]

_LEAST_KINDS = 20
_OTHER_TARGETS = 0.1
_MANY = 0.1


@dataclass(frozen=True)
class Copies:
    """`twins` has a key of every row of the frame, which copies share.

    `natural`: rows are equal because few columns have few values, as their targets show, which differ among equal rows.
    Nobody delivered them twice, and they may be on both sides of a split.
    """

    twins: Keys
    natural: bool

    def together(self, rows: Rows, keys: Keys) -> tuple[Keys, tuple[str, ...]]:
        """A key of every row of the frame that rows of one key and, where there are many, copies have in common.

        With a note on the copies. A few of them move no row to another side than it had before they came.
        """
        repeated = len(rows) - len(np.unique(self.twins[rows]))
        if self.natural or repeated < _MANY * len(rows):
            return keys, ()
        note = f"{numbers.count(repeated)} of {counted(len(rows), 'row is a copy', 'rows are copies')} of another: "
        joined = keys.copy()
        joined[rows] = _joined(keys[rows], self.twins[rows])
        return joined, (f"{note}copies are on the same side of the split.",)

    def apart(self, train: Rows, holdout: Rows) -> tuple[Rows, tuple[str, ...]]:
        """The training rows that are no copies of held-out ones, and a note on the others."""
        copies = np.isin(self.twins[train], self.twins[holdout])
        count = int(copies.sum())
        if self.natural or not count:
            return train, ()
        return train[~copies], (
            f"{counted(count, 'training row is a copy', 'training rows are copies')} of held-out rows: left out.",
        )


def find_copies(
    frame: pd.DataFrame, table: Table, features: Sequence[str], rows: Rows, definition: ModelDefinition
) -> Copies:
    """The copies among the usable `rows`, by the columns that may be features and by the target."""
    alike = rowkeys.content_keys(table, sorted(features))
    target = pd.util.hash_pandas_object(frame[definition.target], index=False).to_numpy().astype(np.uint64)
    twins = rowkeys.mixed(alike + rowkeys.mixed(target))
    kinds = len(np.unique(alike[rows]))
    others = len(np.unique(twins[rows])) - kinds
    return Copies(twins, natural=kinds < _LEAST_KINDS or others > _OTHER_TARGETS * kinds)


def _joined(keys: Keys, twins: Keys) -> Keys:
    """The smallest key of the rows that are linked by equal keys or equal twins, over any number of links."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    distinct, left = np.unique(keys, return_inverse=True)
    others, right = np.unique(twins, return_inverse=True)
    size = len(distinct) + len(others)
    links = coo_array((np.ones(len(keys), dtype=np.int8), (left, len(distinct) + right)), shape=(size, size))
    _, groups = connected_components(links, directed=False)
    smallest = np.full(int(groups.max()) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, groups[: len(distinct)], distinct)
    return smallest[groups[left]]
