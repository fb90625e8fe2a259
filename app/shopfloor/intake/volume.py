"""Whether a file has as many rows as the contract expects."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from shopfloor.domain.contract import MIN_HISTORY, Volume
from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count, exact
from shopfloor.formats.reasons.deliveries import unusual_volume

REMEMBERED = 30  # files of recent history that the median is taken of


def check_volume(volume: Volume, rows: int, history: Sequence[int]) -> Reason | None:
    """Why `rows`, all rows of a file, are not what `volume` expects; None when they are.

    `history` are the rows of earlier files.
    """
    if volume.min_rows is not None and rows < volume.min_rows:
        return unusual_volume(rows, f"volume.min_rows requires at least {count(volume.min_rows)}")
    if volume.max_rows is not None and rows > volume.max_rows:
        return unusual_volume(rows, f"volume.max_rows allows at most {count(volume.max_rows)}")
    if volume.band is None or len(history) < MIN_HISTORY:
        return None
    usual = median(history)
    low, high = usual * max(0.0, 1 - volume.band), usual * (1 + volume.band)
    if low <= rows <= high:
        return None
    return unusual_volume(
        rows,
        f"the median of the last {len(history)} files is {count(usual)}, and volume.band = {exact(volume.band)} "
        f"allows {count(low)} to {count(high)}",
    )
