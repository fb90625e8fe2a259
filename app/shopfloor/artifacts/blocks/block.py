"""What every block of the table encoder offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.table import Floats, Table

Style = Literal["trees", "dense"]
"""`trees` keeps NaN and category codes; `dense` imputes, scales and expands for linear models."""

_CHUNK = 16_384
"""Rows computed at once: their intermediate arrays stay in the cache and are not fresh memory each."""


def chunks(rows: int) -> Iterator[slice]:
    """All of `rows` in slices that are quick to compute on."""
    return (slice(start, start + _CHUNK) for start in range(0, rows, _CHUNK))


@dataclass(frozen=True)
class EncodingTarget:
    """The target while an encoder is fitted: one column a class (0 or 1), or one of numbers.

    `values` has shape (rows, outputs); `folds` gives each row its fold for cross-fitting.
    """

    values: Floats
    folds: NDArray[np.intp]


class Block:
    """One feature to `width` numbers. State is plain arrays, dictionaries, lists and numbers."""

    kind: str = ""
    categorical: bool = False
    """True when the single output is a category code, for estimators that know categories."""

    def __init__(self, feature: str, names: list[str]) -> None:
        self.feature = feature
        self.names = names

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the block reads."""
        return (self.feature,)

    @property
    def width(self) -> int:
        """The number of output columns."""
        return len(self.names)

    def fill(self, table: Table, out: Floats) -> None:
        """Write the block's columns for all rows of `table` into `out` (rows, width)."""
        raise NotImplementedError

    def fill_training(self, table: Table, target: EncodingTarget, out: Floats) -> None:
        """As `fill` for the rows the block was fitted on, without their own targets leaking in."""
        self.fill(table, out)

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        """Append the block's numbers for one row of raw values to `out`."""
        raise NotImplementedError
