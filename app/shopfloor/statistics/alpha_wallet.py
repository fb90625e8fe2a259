"""Error that is allowed over many tests of one champion: a test spends of it, new rows return some."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from shopfloor.statistics.arrays import Codes, Floats, np
from shopfloor.statistics.block_test import complete_blocks

SPENT = 2 / 3
"""Of what is left. With half of it a gain of .02 AUC at 2,000 rows and six blocks is found at the first test in .88
instead of .91 of cases; with all of it a second test of the same rows could find nothing. All spend alike over a
year."""
RETURNED = 1 / 4
"""Of the whole, by a block that comes a month or more after the one before it; in proportion by one that comes sooner.
Else daily blocks would refill the wallet every day: of champions that are challenged daily by their equals .6 to .99
fell within a year, now .06 to .16, as many as with monthly blocks."""
MONTH = 365.25 / 12


def new_blocks(delivery: Codes, day: Floats) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The delivery at which each block of rows is complete, ascending, and how many months after the block before it
    came, at most 1; the first one counts as a month.

    `delivery` numbers that of each row and `day` is the row's time in days, NaN where it is not known, (n,) each. A
    block is as new as the newest row until then, whatever the order in which the rows came.
    """
    blocks = complete_blocks(delivery)
    found, place = np.unique(delivery, return_inverse=True)
    newest = np.full(len(found), -np.inf)
    np.fmax.at(newest, place, day)
    times = np.maximum.accumulate(newest)[np.searchsorted(found, blocks)] if blocks else newest[:0]
    with np.errstate(invalid="ignore"):
        months = np.nan_to_num(np.diff(times) / MONTH, nan=0.0, posinf=1.0)
    return blocks, (1.0, *np.minimum(months, 1.0).tolist())[: len(blocks)]


def alpha_of_test(
    alpha: float, tries: Sequence[int], blocks: Sequence[int], months: Sequence[float] | None = None
) -> float:
    """The one-sided error that the next test against a champion may use.

    `tries` are the moments of the earlier tests of this champion, `blocks` those at which each new block of labelled
    rows came, both ascending and on one clock (numbers of dataset versions), and `months` what part of a month each
    block stands for, all of it without. The wallet starts at `alpha`. Each test spends the share `SPENT` of what is
    left, each block since the test before returns the share `RETURNED` of `alpha` a month, up to `alpha`: rows that no
    test has seen buy new error, and tests of the same rows share theirs. A year of tests spends at most four times
    `alpha`, however many there are.

    Method: alpha investing without a reward for discoveries, because a discovery makes another champion (Foster & Stine
    2008, "Alpha-investing", J. R. Statist. Soc. B 70:429).
    """
    parts = [1.0] * len(blocks) if months is None else months
    wealth, seen = alpha, bisect_right(blocks, 0)
    for one in tries:
        came = bisect_right(blocks, one)
        wealth = _refilled(wealth, alpha, sum(parts[seen:came])) * (1 - SPENT)
        seen = came
    return _refilled(wealth, alpha, sum(parts[seen:])) * SPENT


def _refilled(wealth: float, alpha: float, months: float) -> float:
    return min(alpha, wealth + months * alpha * RETURNED)
