"""Chunks of the reference: by time, at random."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from shopfloor.artifacts.table import NO_TIME
from shopfloor.monitoring.chunks import MOST, SMALLEST, chunk_rows

DAY = 86_400_000_000
START = 15_706 * DAY  # 2013-01-01


def times(days: float, rows: int) -> np.ndarray:
    """Evenly spread moments."""
    return (START + np.linspace(0, days, rows, endpoint=False) * DAY).astype(np.int64)


@pytest.mark.parametrize(
    ("days", "rows", "by"),
    [
        (3650, 5000, "year"),
        (900, 5000, "quarter"),
        (365, 5000, "month"),
        (60, 5000, "week"),
        (8, 5000, "day"),
        (0.5, 5000, "hour"),
    ],
)
def test_the_unit_fits_the_span(days: float, rows: int, by: str) -> None:
    found = chunk_rows(rows, times(days, rows))
    assert found.by == by
    assert 4 <= len(found.chunks) <= MOST
    assert all(chunk.rows >= SMALLEST for chunk in found.chunks)


def test_chunks_are_in_time_order_whatever_the_row_order() -> None:
    micros = times(365, 3000)
    mixed = np.random.default_rng(0).permutation(3000)
    found = chunk_rows(3000, micros[mixed])
    starts = [chunk.start for chunk in found.chunks]
    assert starts == sorted(starts)
    first = micros[mixed][found.codes == 0]
    assert first.max() < micros[mixed][found.codes == 1].min()
    assert found.chunks[0].start == datetime(2013, 1, 1, tzinfo=UTC)


def test_small_data_is_cut_into_stretches() -> None:
    found = chunk_rows(500, times(40, 500))
    assert found.by == "stretch"
    assert [chunk.rows for chunk in found.chunks] == [100] * 5


def test_without_a_time_chunks_are_random_and_repeatable() -> None:
    found, again = chunk_rows(3000, None, seed=4), chunk_rows(3000, None, seed=4)
    assert found.by == "random"
    assert (found.codes == again.codes).all()
    assert sum(chunk.rows for chunk in found.chunks) == 3000
    assert chunk_rows(50, None).chunks == ()


def test_rows_without_a_time_are_in_no_chunk() -> None:
    micros = times(365, 3000)
    micros[:100] = NO_TIME
    assert (chunk_rows(3000, micros).codes[:100] == -1).all()
