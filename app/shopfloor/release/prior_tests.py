"""A holdout wears out: each test on the same rows spends a part of the error that is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from shopfloor.domain.release import Decision


def count_prior_tests(decisions: Iterable[Decision], champion: int | None) -> int:
    """How many of `decisions` tested a challenger against `champion`.

    A decision without an interval saw too few rows to test anything and spends nothing. Leave
    out decisions whose holdout rows do not overlap with the ones to come: those rows are fresh.
    """
    return sum(1 for one in decisions if one.champion == champion and one.interval is not None)
