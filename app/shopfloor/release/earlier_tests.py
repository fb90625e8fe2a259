"""Which rows earlier challengers were tested on: what a test on the same rows has to share its error with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shopfloor.domain.record import Record
from shopfloor.domain.release import Decision


class EarlierTest(Record, frozen=True, kw_only=True):
    """The holdout rows, by time, of an earlier challenger that was tested against the champion.

    Without times (a split by hash) the rows are always the same ones.
    """

    start: datetime | None = None
    end: datetime | None = None

    def overlaps(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether rows from `start` to `end` were tested on then."""
        if self.start is None or self.end is None or start is None or end is None:
            return True
        return self.start <= end and start <= self.end


def count_earlier_tests(decisions: Iterable[Decision], champion: int | None) -> int:
    """How many of `decisions` tested a challenger against `champion`.

    A decision without an interval saw too few rows to test anything and spends nothing. Leave
    out decisions whose holdout rows do not overlap with the ones to come: those rows are fresh.
    """
    return sum(1 for one in decisions if one.champion == champion and one.interval is not None)
