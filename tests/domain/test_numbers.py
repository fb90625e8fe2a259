from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.numbers import (
    change,
    compact,
    count,
    duration,
    exact,
    figure,
    gain,
    interval,
    level,
    money,
    optional,
    percent,
    probability,
    rounded,
    size,
    tick,
    whole_percent,
)

ORDINARY = st.floats(-1e12, 1e12)


def read(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2018.0, "2018"),
        (17.261699999999998, "17.2617"),
        (0.1 + 0.2, "0.3"),
        (-5.0, "-5"),
        (1e-7, "0.0000001"),
        (0.0, "0"),
    ],
)
def test_a_value_that_is_named_is_shown_as_it_is_written(value: float, text: str) -> None:
    assert exact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.62e-17, "0"), (-2.97e-17, "0"), (0.01234, "0.0123"), (123456.0, "123,000"), (2.5, "2.5"), (1e-6, "0.000001")],
)
def test_a_figure_is_rounded_and_zero_where_it_is_zero(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(("value", "text"), [(2018.0, "2018"), (12400.0, "12,400"), (79.23456, "79.23")])
def test_a_median_of_years_has_no_separators(value: float, text: str) -> None:
    assert level(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-17, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.003, "0.3 %"),
        (0.6, "60 %"),
        (0.9999, "99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_shares(share: float, text: str) -> None:
    assert percent(share) == text


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_are_read_back_exactly(value: int) -> None:
    assert exact(float(value)) == str(value)


@given(ORDINARY)
def test_a_named_value_is_read_back(value: float) -> None:
    assert float(exact(value)) == pytest.approx(value, rel=1e-14, abs=0)


@given(ORDINARY)
def test_no_number_has_an_exponent(value: float) -> None:
    for show in (exact, level, rounded, figure, percent):
        assert "e" not in show(value)


@given(ORDINARY, ORDINARY)
def test_a_larger_number_never_looks_smaller(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for show in (exact, rounded):
        assert read(show(low)) <= read(show(high))


@pytest.mark.parametrize("show", [percent, whole_percent])
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_looks_smaller(show: Callable[[float], str], one: float, other: float) -> None:
    low, high = (read(show(share).rstrip(" %").removeprefix("< ")) for share in sorted((one, other)))
    assert low <= high


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0"), (0.81234, "0.8123"), (-0.00012, "-0.0001"), (0.00001, "0.00001"),
        (12.3456, "12.35"), (1234.56, "1,234.6"), (48213.0, "48,213"), (5e8, "500,000,000"), (2e15, "2.0e+15"),
        (math.nan, "nan"),
    ],
)  # fmt: skip
def test_scores(value: float | None, text: str) -> None:
    assert figure(value) == text


@given(st.floats(-1e14, 1e14))
def test_a_score_is_close_to_its_value_and_never_localised(value: float) -> None:
    text = figure(value)
    assert re.fullmatch(r"-?[\d,]+(\.\d+)?", text)
    assert read(text) == pytest.approx(value, rel=6e-2, abs=6e-5)


@given(st.floats(1e-8, 1e6), st.booleans())
def test_a_difference_keeps_its_sign(amount: float, negative: bool) -> None:
    text = gain(-amount if negative else amount)
    assert text[0] == ("-" if negative else "+")


@pytest.mark.parametrize(
    "show",
    [
        exact,
        level,
        rounded,
        figure,
        gain,
        count,
        change,
        compact,
        percent,
        whole_percent,
        lambda value: money(value, ""),
        lambda value: money(value, "", signed=True),
        lambda value: tick(value, -0.01, 0.01),
        lambda value: tick(value, -3, 4),
    ],
)
@given(st.floats(-2, 2) | st.floats(-1e-3, 1e-3) | st.sampled_from((0.0, -0.0, -0.4, 0.4, -1e-9)))
def test_nothing_has_no_sign(show: Callable[[float], str], value: float) -> None:
    shown = show(value)
    assert re.fullmatch(r"[-+]0(\.0+)?( %)?", shown) is None


def test_words_around_scores() -> None:
    assert gain(5.6e-17) == "0"
    assert interval((-0.0021, 0.014)) == "[-0.0021, 0.0140]"
    assert [probability(value) for value in (0.0123, 1e-9)] == ["0.0123", "<0.0001"]
    assert optional(gain)(None) == "–"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.001, "< 1 %"),
        (0.005, "< 1 %"),
        (0.0051, "1 %"),
        (0.62, "62 %"),
        (0.997, "99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_in_a_column_is_neither_nothing_nor_all_where_it_is_not(share: float, text: str) -> None:
    assert whole_percent(share) == text


def test_counts() -> None:
    assert [count(value) for value in (7, 1_234_567)] == ["7", "1,234,567"]
    assert [change(value) for value in (0, 1200, -3)] == ["0", "+1,200", "-3"]
    assert [compact(value) for value in (9_999, 33_000, 999_999, 1_200_000)] == ["9,999", "33k", "1M", "1.2M"]


@given(st.integers(min_value=0, max_value=10**14))
def test_a_compact_count_fits_five_cells(number: int) -> None:
    assert len(compact(number)) <= 5


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1234, "1.2 kB"), (99_600, "100 kB"), (999_499, "999 kB"),
        (999_500, "1 MB"), (10**12, "1 TB"), (10**18, "1,000,000 TB"),
    ],
)  # fmt: skip
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text", "terse"),
    [
        (0, "0 s", "0s"), (0.0471, "47 ms", "47ms"), (0.855, "0.9 s", "0.9s"), (1, "1 s", "1s"),
        (42, "42 s", "42s"), (210, "3.5 min", "3.5m"), (43_200, "12 h", "12h"), (86_400, "1 day", "1d"),
        (216_000, "2.5 days", "2.5d"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str, terse: str) -> None:
    assert (duration(seconds), duration(seconds, terse=True)) == (text, terse)


@given(st.floats(0, 86_400 * 900))
def test_a_terse_duration_fits_four_cells_and_is_close(seconds: float) -> None:
    text = duration(seconds, terse=True)
    assert len(text) <= 4
    amount, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]
    length = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
    assert float(amount) * length == pytest.approx(seconds, rel=0.06, abs=0.051)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.0, "0 EUR"), (0.0042, "0.0042 EUR"), (12.5, "12.50 EUR"), (48_213.4, "48,213 EUR"), (-3.0, "-3.00 EUR")],
)
def test_money(amount: float, text: str) -> None:
    assert money(amount, "EUR") == text
    assert money(amount, "", signed=True) == ("+" if amount > 0 else "") + text.removesuffix(" EUR")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1234.5, "1234"), (12_345, "12.35k"), (2_500_000, "2.5M"), (-3e9, "-3G"), (0.1234567, "0.1235"),
        (1e-7, "1.0e-07"),
    ],
)  # fmt: skip
def test_a_lone_tick_has_four_digits(value: float, text: str) -> None:
    assert tick(value, value, value) == text


def test_a_tick_has_the_decimals_that_its_scale_needs() -> None:
    assert tick(0.85, 0.81, 0.968) == "0.850"
    assert tick(0.85, 0.8499, 0.8501) == "0.850000"
    assert tick(40, 0, 100) == "40"
    assert tick(0.5, 0.5, 0.5) == "0.5"
