"""Numbers as one line of text."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.sparkline import bar, histogram_bars, shares, sparkline

numbers = st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=80)
counts = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)


@given(numbers, st.integers(-2, 60))
def test_length_and_alphabet(values: list[float | None], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(max(width, 0), len(values))
    assert set(line) <= set(glyphs.LEVELS + " ")


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=40))
def test_the_order_of_values_is_the_order_of_heights(values: list[float]) -> None:
    line = sparkline(values, len(values))
    heights = [glyphs.LEVELS.index(char) for char in line]
    for (a, left), (b, right) in zip(
        zip(values, heights, strict=True), zip(values[1:], heights[1:], strict=True), strict=False
    ):
        assert a > b or left <= right
        assert a < b or left >= right


def test_extremes_gaps_and_level_series() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, None, 3, math.nan, math.inf], 5) == "▁ █  "
    assert sparkline([5, 5, 5], 3) == "▄▄▄"
    assert sparkline([], 10) == ""
    assert sparkline([0, 0, 9, 9], 2) == "▁█"
    assert sparkline([0.5], 1, low=0, high=1) == "▅"
    assert sparkline([-1e308, 1e308], 2) == "▁█"


@given(st.none() | st.floats(allow_nan=True, allow_infinity=True), st.integers(-1, 40))
def test_bar_is_exactly_as_wide_as_asked(fraction: float | None, width: int) -> None:
    assert len(bar(fraction, width)) == max(0, width)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 40))
def test_bar_grows_with_the_work_done(a: float, b: float, width: int) -> None:
    def filled(text: str) -> float:
        return text.count("█") + text.count("▌") / 2

    low, high = sorted((a, b))
    assert filled(bar(low, width)) <= filled(bar(high, width))
    assert (filled(bar(a, width)) == width) == (a == 1)
    assert (filled(bar(a, width)) == 0) == (a == 0)


@given(counts, st.data(), st.integers(1, 20))
def test_histogram_bars_share_one_scale(a: list[int], data: st.DataObject, width: int) -> None:
    b = data.draw(st.lists(st.integers(0, 10_000), min_size=len(a), max_size=len(a)))
    pairs = histogram_bars(a, b, width)
    assert all(len(left) == len(right) == width for left, right in pairs)
    for count, (left, _) in zip(a, pairs, strict=True):
        assert (count > 0) == bool(left.strip())
    if sum(a):
        longest = max(shares(a) + shares(b))
        assert any(side == "█" * width for pair in pairs for side in pair) == (longest > 0)


def test_histogram_bars_mirror() -> None:
    assert histogram_bars([1, 1], [0, 4], 4) == [("  ██", "    "), ("  ██", "████")]
