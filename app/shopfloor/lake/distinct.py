"""How many different values there are, from the smallest of their hashes."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

# The estimate's standard error is 1 / sqrt(MOST - 2): 2.2 %.
MOST = 2048


class Distinct(msgspec.Struct, frozen=True, array_like=True):
    """The `MOST` smallest different 64-bit hashes of some values, ascending.

    The k-minimum-values sketch (Bar-Yossef et al.: "Counting distinct elements in a data stream",
    2002; estimate and union after Beyer et al., SIGMOD 2007). The union of two sketches is the
    sketch of all values. Up to `MOST - 1` different values are counted exactly.
    """

    hashes: np.ndarray  # uint64

    @property
    def exact(self) -> bool:
        """True while every different hash is here."""
        return len(self.hashes) < MOST

    @property
    def estimate(self) -> int:
        """The number of different values."""
        if self.exact:
            return len(self.hashes)
        return round((MOST - 1) / (float(self.hashes[-1]) / 2.0**64))

    def plus(self, other: Distinct) -> Distinct:
        """The sketch of the values of both."""
        return Distinct(np.union1d(self.hashes, other.hashes)[:MOST])

    def with_values(self, hashes: NDArray[np.uint64]) -> Distinct:
        """The sketch after more values; only hashes that may still enter are sorted."""
        if not self.exact:
            hashes = hashes[hashes < self.hashes[-1]]
        elif len(hashes) > 8 * MOST:
            few = np.unique(hashes[hashes < np.uint64(2**63 // len(hashes) * 8 * MOST)])
            hashes = few if len(few) >= MOST else hashes
        return Distinct(np.union1d(self.hashes, hashes)[:MOST])


def nothing() -> Distinct:
    """The sketch of no values."""
    return Distinct(np.empty(0, np.uint64))
