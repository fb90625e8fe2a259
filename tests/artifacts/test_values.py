"""Single values: what is a number, a text, a moment, a label, and what is refused."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shopfloor.artifacts.values import boolean_of, moment_of, number_of, text_of
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.labels import label_of
from shopfloor.domain.moments import Misfit
from shopfloor.formats.values import reader_of

MISSING = [None, float("nan"), pd.NA, pd.NaT, np.nan, np.float64("nan"), Decimal("nan")]


@pytest.mark.parametrize("value", MISSING)
def test_missing_is_missing_everywhere(value: Any) -> None:
    assert math.isnan(number_of(value, "c"))
    assert math.isnan(boolean_of(value, "c"))
    assert text_of(value, "c") is None
    assert moment_of(value, "c") is None
    assert label_of(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), (2.5, 2.5), (np.int64(7), 7.0), (np.float32(0.5), 0.5), (Decimal("1.25"), 1.25), (2**60, 2.0**60)],
)
def test_numbers(value: Any, number: float) -> None:
    assert number_of(value, "c") == number


def test_infinity_counts_as_missing() -> None:
    assert math.isnan(number_of(math.inf, "c"))
    assert math.isnan(number_of(-np.inf, "c"))


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        (number_of, "12"),
        (number_of, True),
        (number_of, [1]),
        (number_of, 10**400),
        (boolean_of, "yes"),
        (boolean_of, 2),
        (text_of, 1.5),
        (text_of, True),
        (text_of, {"a": 1}),
        (moment_of, "tomorrow"),
        (moment_of, 5),
    ],
)
def test_wrong_types_name_column_and_value(convert: Any, value: Any) -> None:
    with pytest.raises(DataError) as caught:
        convert(value, "distance")
    assert "'distance'" in caught.value.message
    assert str(value)[:20] in caught.value.message
    assert caught.value.code == "wrong_type"


def test_hostile_values_are_shown_safely() -> None:
    with pytest.raises(DataError) as caught:
        number_of("\x1b[31mred", "di\x1bstance")
    assert "\x1b" not in caught.value.message


def test_moments_are_utc() -> None:
    expected = int(datetime(2024, 1, 31, 6, 30, tzinfo=UTC).timestamp() * 1_000_000)
    zone = timezone(timedelta(hours=2))
    for value in (
        datetime(2024, 1, 31, 6, 30),  # noqa: DTZ001
        datetime(2024, 1, 31, 8, 30, tzinfo=zone),
        "2024-01-31T06:30:00",
        "2024-01-31T06:30:00Z",
        "2024-01-31 08:30:00+02:00",
        pd.Timestamp("2024-01-31 06:30"),
    ):
        assert moment_of(value, "c") == expected
    assert moment_of(date(1970, 1, 2), "c") == 86_400_000_000
    assert moment_of("1970-01-02", "c") == 86_400_000_000


@pytest.mark.parametrize(
    "text",
    ["2024-01-31", "2024-1-5 6:30", "2024/01/31 06:30", "2024-01-31t06:30:00.25z", "2024-01-31 06:30 +0200",
     "2024-02-31", "2024-01-31 24:00:00", "2024-01-31 25:00", "20240131", "2024-W05-3", "0001-01-01T00:00:00+02:00",
     " 2024-01-31 "],
)  # fmt: skip
def test_a_text_is_the_same_moment_as_in_a_file(text: str) -> None:
    """One reader: what a column of times reads, and refuses, a model does."""
    read = reader_of(Column(name="c", type=ColumnType.TIMESTAMP))
    try:
        wanted = read(text)
    except Misfit:
        with pytest.raises(DataError):
            moment_of(text, "c")
    else:
        assert isinstance(wanted, datetime)
        assert moment_of(text, "c") == moment_of(wanted, "c")


def test_labels() -> None:
    values = [True, np.bool_(False), 3, 3.0, np.int64(4), 2.5, "yes", ""]
    assert [label_of(value) for value in values] == ["true", "false", "3", "3", "4", "2.5", "yes", None]
