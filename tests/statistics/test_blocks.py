from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.statistics.blocks import LEAST_BLOCKS, choose, rows
from shopfloor.statistics.frames import moments

HOUR = 3_600_000_000


def stamps(count: int, step_hours: float) -> np.ndarray:
    return (np.arange(count) * step_hours * HOUR).astype(np.intp)


@pytest.mark.parametrize(
    ("hours", "unit", "count"),
    [(1.0, "day", 42), (0.2, "hour", 200), (0.001, "row", 1000), (24.0, "hour", 0)],
)
def test_the_coarsest_unit_with_enough_blocks_is_chosen(hours: float, unit: str, count: int) -> None:
    found = choose(stamps(1000, hours), None, 1000)
    if count == 0:  # one row a day: rows are the days
        assert (found.unit, found.code) == ("row", None)
    else:
        assert (found.unit, found.count) == (unit, count)


def test_segments_are_blocks_where_no_time_is_known() -> None:
    segment = np.arange(600, dtype=np.intp) % 20
    assert choose(None, segment, 600).unit == "segment"
    assert choose(None, segment % (LEAST_BLOCKS - 1), 600).unit == "row"
    assert choose(stamps(600, 1.0), segment, 600).unit == "day"
    assert choose(None, None, 600) == rows(600)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), st.data())
def test_a_subset_numbers_its_blocks_anew(days: list[int], data: st.DataObject) -> None:
    whole = choose(np.array(days, dtype=np.intp) * 24 * HOUR, None, len(days))
    index = np.array(data.draw(st.lists(st.integers(0, len(days) - 1), max_size=40)), dtype=np.intp)
    part = whole.take(index)
    if whole.code is None:
        assert part == rows(len(index))
        return
    assert part.code is not None
    assert part.count == len(np.unique(whole.code[index]))
    assert part.sums(np.ones(len(index))).sum() == len(index)


@pytest.mark.parametrize(
    "values",
    [
        [pd.Timestamp("2026-01-01 01:00"), pd.Timestamp("2026-01-02")],
        [datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)],
        ["2026-01-01T01:00:00Z", "2026-01-02T00:00:00Z"],
        [pd.Timestamp("2026-01-01T02:00", tz="Europe/Berlin"), pd.Timestamp("2026-01-02T01:00", tz="Europe/Berlin")],
    ],
)  # naive times are UTC: the datasets' convention
def test_times_of_any_spelling_are_moments(values: list[object]) -> None:
    found = moments(pd.Series([*values, None]))
    assert found is not None
    stamps, known = found
    assert list(known) == [True, True, False]
    assert stamps[1] - stamps[0] == 23 * HOUR
    assert stamps[0] == 1_767_229_200_000_000


def test_dates_are_moments_and_numbers_are_not() -> None:
    found = moments(pd.Series([date(2026, 1, 1), date(2026, 1, 2)]))
    assert found is not None
    assert found[0][1] - found[0][0] == 24 * HOUR
    assert moments(pd.Series([2013, 2014])) is None
    assert moments(pd.Series([None, None], dtype="datetime64[us]")) is None
