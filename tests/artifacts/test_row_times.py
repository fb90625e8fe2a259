"""When rows are: whatever a time column is written as, it orders the rows or is refused, and never passed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.artifacts.row_times import known_row_times, row_times
from shopfloor.artifacts.table import NO_TIME
from shopfloor.domain.errors import DataError

Written = Callable[[date], Any]


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def quarter(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


NOTATIONS: dict[str, tuple[Written, Callable[[date], date]]] = {
    "year": (lambda day: day.year, lambda day: day.replace(month=1, day=1)),
    "yyyymm": (lambda day: day.year * 100 + day.month, lambda day: day.replace(day=1)),
    "yyyymmdd": (lambda day: int(f"{day:%Y%m%d}"), lambda day: day),
    "seconds": (seconds, lambda day: day),
    "milliseconds": (lambda day: seconds(day) * 1000, lambda day: day),
    "nanoseconds": (lambda day: seconds(day) * 10**9, lambda day: day),
    "year-month": (lambda day: f"{day:%Y-%m}", lambda day: day.replace(day=1)),
    "iso week": (lambda day: f"{day:%G-W%V}", lambda day: day - timedelta(days=day.weekday())),
    "iso week, no mark": (lambda day: f"{day:%G}W{day:%V}", lambda day: day - timedelta(days=day.weekday())),
    "quarter": (quarter, lambda day: date(day.year, 3 * ((day.month + 2) // 3) - 2, 1)),
    "day as text": (lambda day: f"{day:%Y-%m-%d}", lambda day: day),
    "day": (pd.Timestamp, lambda day: day),
}
days = st.lists(st.dates(date(1975, 1, 1), date(2199, 12, 20)), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(days, st.sampled_from(sorted(NOTATIONS)), st.booleans())
def test_rows_are_in_the_order_of_their_days(found: list[date], notation: str, missing: bool) -> None:
    write, begins = NOTATIONS[notation]
    written = pd.Series([write(day) for day in found] + [None] * missing, name="at")
    micros = row_times(written)
    assert (micros[: len(found)] == [seconds(begins(day)) * 10**6 for day in found]).all()
    assert (micros[len(found) :] == NO_TIME).all()
    shown = known_row_times(written)
    assert shown is not None
    assert shown.isna().sum() == missing


anything = st.one_of(
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20),
    st.lists(st.integers(0, 400), min_size=1, max_size=20),
    st.lists(st.integers(170_000, 230_000), min_size=1, max_size=20),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    st.lists(st.text(max_size=10), min_size=1, max_size=20),
    st.lists(st.booleans(), min_size=1, max_size=20),
)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_any_column_orders_most_of_its_rows_or_is_refused_with_a_way_out(values: list[Any]) -> None:
    series = pd.Series(values, name="odd")
    try:
        micros = row_times(series)
    except DataError as error:
        refused: DataError | None = error
    else:
        refused = None
    if refused is not None:
        assert (refused.code, "'odd'" in refused.message, "2020-W53" in refused.hint) == ("no_time", True, True)
        assert known_row_times(series) is None
    elif series.dtype.kind in "iuf":
        known = micros != NO_TIME
        order = np.argsort(series.to_numpy()[known], kind="stable")
        assert (np.diff(micros[known][order]) >= 0).all()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([1, 27, 53], "its numbers, 1 to 53, come again every year"),
        ([-5, 100_000], "its numbers, -5 to 100000, are no years"),
        (["Mon", "Tue"], "'Mon' is no date"),
        (["2020-W54", "2020-W60"], "'2020-W54' is no date"),
        ([True, False], "it holds true and false"),
        ([202013, 202053], "are no years"),
    ],
)
def test_what_says_no_time_is_refused_with_the_reason(values: list[Any], why: str) -> None:
    with pytest.raises(DataError, match=why):
        row_times(pd.Series(values, name="when"))


def test_a_few_values_that_cannot_be_read_are_rows_without_a_time() -> None:
    micros = row_times(pd.Series(["2020-W52", "2020-W53", "unknown", None], name="week"))
    assert (micros == NO_TIME).tolist() == [False, False, True, True]
