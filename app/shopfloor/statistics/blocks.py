"""Blocks of rows that belong together: rows of one day are not independent evidence."""

from __future__ import annotations

from dataclasses import dataclass

from shopfloor.statistics.arrays import Codes, Floats, Mask, np

LEAST_BLOCKS = 12
"""Fewer blocks say too little about their own spread."""

SEGMENT = "segment"
DAY = 86_400_000_000
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Blocks:
    """`code` numbers the block of each row, (n,), or is None when rows count as independent."""

    code: Codes | None
    count: int
    unit: str

    def take(self, index: Codes | Mask) -> Blocks:
        """The blocks of a subset of rows, numbered from 0."""
        if self.code is None:
            return Blocks(code=None, count=len(np.arange(self.count)[index]), unit=self.unit)
        return _blocks(self.code[index], self.unit)

    def sums(self, values: Floats) -> Floats:
        """Sum of `values` in each block, (count,); the values themselves for single rows."""
        if self.code is None:
            return values
        return np.asarray(np.bincount(self.code, weights=values, minlength=self.count), dtype=np.float64)


def rows(count: int) -> Blocks:
    """`count` independent rows."""
    return Blocks(code=None, count=count, unit="row")


def choose(moments: Codes | None, segment: Codes | None, count: int) -> Blocks:
    """Days where there are at least `LEAST_BLOCKS`, else hours, else segments, else single rows.

    `moments` are microseconds since 1970 (UTC), `segment` numbers of a model family's key; (n,)
    each. Blocks are the unit that is resampled or averaged (block bootstrap; Kunsch 1989, Annals
    of Statistics 17:1217; cluster-robust variance, Liang & Zeger 1986, Biometrika 73:13).
    """
    options: list[tuple[Codes, str]] = []
    if moments is not None:
        options += [(moments // DAY, "day"), (moments // _HOUR, "hour")]
    if segment is not None:
        options.append((segment, SEGMENT))
    for code, unit in options:
        found = _blocks(code, unit)
        if LEAST_BLOCKS <= found.count < count:
            return found
    return rows(count)


def _blocks(code: Codes, unit: str) -> Blocks:
    distinct, inverse = np.unique(code, return_inverse=True)
    return Blocks(code=inverse.astype(np.intp), count=len(distinct), unit=unit)
