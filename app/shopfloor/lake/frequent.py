"""The most frequent values, in bounded memory and with a known error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

# No count is short by more than 1 / (MOST + 1) of the values: 0.2 %.
MOST = 512
# A column that has shown no repeated value for so long is not searched for any more.
_GIVE_UP_AFTER = 400_000


class Frequent(msgspec.Struct, frozen=True, array_like=True):
    """At most `MOST` values with counts; a true count is from `count` to `count + error`.

    A value that is not listed occurs at most `error` times. Misra and Gries' summary, merged as in
    Agarwal et al.: "Mergeable summaries", PODS 2012. Exact (`error` 0) up to `MOST` different values.
    `given_up` marks a column in which nothing repeats; then `error` counts every value since.
    """

    counts: dict[str, int]
    error: int = 0
    seen: int = 0
    given_up: bool = False

    def plus(self, other: Frequent) -> Frequent:
        """The summary of the values of both."""
        counts = dict(self.counts)
        for value, count in other.counts.items():
            counts[value] = counts.get(value, 0) + count
        error, seen = self.error + other.error, self.seen + other.seen
        over = _excess(np.fromiter(counts.values(), np.int64, len(counts)))
        if over:
            counts = {value: count - over for value, count in counts.items() if count > over}
        given_up = self.given_up or other.given_up
        return Frequent(counts, error + over, seen, given_up)

    def with_values(self, values: pa.Array) -> Frequent:
        """The summary after more values, none of them null."""
        import pyarrow.compute as pc

        if self.given_up:
            return Frequent(self.counts, self.error + len(values), self.seen + len(values), True)
        found = pc.value_counts(values)
        counts = found.field("counts").to_numpy(zero_copy_only=False)
        over = _excess(counts)
        kept = np.flatnonzero(counts > over)
        names = found.field("values").take(kept).to_pylist()
        added = {str(name): int(count) - over for name, count in zip(names, counts[kept], strict=True)}
        result = self.plus(Frequent(added, over, len(values)))
        if not result.counts and result.seen >= _GIVE_UP_AFTER:
            return Frequent({}, result.error, result.seen, True)
        return result

    def top(self, number: int) -> tuple[tuple[str, int], ...]:
        """The most frequent values that no unlisted one can surpass; equal counts by value."""
        sure = [(value, count) for value, count in self.counts.items() if count > self.error]
        return tuple(sorted(sure, key=lambda pair: (-pair[1], pair[0]))[:number])


def nothing() -> Frequent:
    """The summary of no values."""
    return Frequent({})


def _excess(counts: NDArray[np.int64]) -> int:
    """What to take off every count so that at most `MOST` stay above zero."""
    if len(counts) <= MOST:
        return 0
    return int(np.partition(counts, len(counts) - MOST - 1)[len(counts) - MOST - 1])
