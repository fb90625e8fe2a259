"""What is known of one column of some rows, in a form that merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from shopfloor.domain.columns import ColumnType
from shopfloor.lake import bins, distinct, frequent
from shopfloor.lake.bins import SparseHistogram, grid, grid_level, narrowed, octaves
from shopfloor.lake.distinct import Distinct
from shopfloor.lake.frequent import Frequent
from shopfloor.lake.moments import Moments, moments

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

End = int | float | str | None


class Statistics(msgspec.Struct, frozen=True, array_like=True):
    """One column of some rows. `a.plus(b)` describes the rows of both, in any order.

    `low` and `high` are the smallest and largest finite value: numbers as they are, dates in days
    and timestamps in microseconds since 1970, text and booleans as text cut to 200 characters.
    `grid` and `octaves` count finite numbers; times only have a grid, text has neither.
    """

    rows: int
    missing: int
    low: End
    high: End
    moments: Moments
    distinct: Distinct
    frequent: Frequent
    grid: SparseHistogram
    octaves: SparseHistogram

    def plus(self, other: Statistics) -> Statistics:
        """The statistics of the rows of both."""
        low, high = _end(min, self.low, other.low), _end(max, self.high, other.high)
        return Statistics(
            self.rows + other.rows,
            self.missing + other.missing,
            low,
            high,
            self.moments.plus(other.moments),
            self.distinct.plus(other.distinct),
            self.frequent.plus(other.frequent),
            self.grid.plus(other.grid, _level(low, high)),
            narrowed(self.octaves.plus(other.octaves, 0)),
        )

    def with_values(self, kind: ColumnType, values: pa.Array, hashes: NDArray[np.uint64], missing: int) -> Statistics:
        """The statistics after more rows: their values that are not null, their hashes, and how many are."""
        finite = _finite(kind, values)
        low, high = _ends(kind, values, finite)
        countable = kind not in {ColumnType.NUMBER, ColumnType.DATE, ColumnType.TIMESTAMP}
        measured = Statistics(
            len(values) + missing,
            missing,
            low,
            high,
            moments(finite) if kind.numeric else Moments(),
            distinct.nothing(),
            frequent.nothing(),
            grid(finite, _level(low, high)) if len(finite) else bins.nothing(_level(low, high)),
            octaves(finite.astype(np.float64)) if kind.numeric else bins.nothing(),
        )
        return msgspec.structs.replace(
            self.plus(measured),
            distinct=self.distinct.with_values(hashes),
            frequent=self.frequent.with_values(values) if countable else self.frequent,
        )


def nothing(rows: int = 0) -> Statistics:
    """A column of `rows` rows in which every value is missing."""
    empty = bins.nothing()
    return Statistics(rows, rows, None, None, Moments(), distinct.nothing(), frequent.nothing(), _NO_GRID, empty)


# Coarser than nothing: a grid without counts must not keep another one from being fine.
_NO_GRID = bins.nothing(-(2**31))


def _level(low: End, high: End) -> int:
    if isinstance(low, int | float) and isinstance(high, int | float):
        return grid_level(low, high)
    return _NO_GRID.level


def _end(pick: Any, left: End, right: End) -> End:
    present = [end for end in (left, right) if end is not None]
    return pick(present) if present else None


def _finite(kind: ColumnType, values: pa.Array) -> NDArray[Any]:
    """The finite numbers of a column, as int64 or float64; nothing of text."""
    if not (kind.numeric or kind.temporal):
        return np.empty(0, np.int64)
    found: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    if kind is ColumnType.NUMBER:
        return _where(np.isfinite(found), found)
    if kind.temporal:
        # Infinite dates and times are the ends of what their integers can hold.
        limit = 2**31 - 1 if found.dtype == np.dtype("datetime64[D]") else 2**63 - 1
        whole: NDArray[Any] = found.view(np.int64)
        return _where(np.abs(whole) < limit, whole)
    return found


def _where(mask: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[Any]:
    return values if mask.all() else values[mask]


def _ends(kind: ColumnType, values: pa.Array, finite: NDArray[Any]) -> tuple[End, End]:
    if kind.numeric or kind.temporal:
        if not len(finite):
            return None, None
        return finite.min().item(), finite.max().item()
    import pyarrow.compute as pc

    found = pc.min_max(values)
    return found["min"].as_py(), found["max"].as_py()
