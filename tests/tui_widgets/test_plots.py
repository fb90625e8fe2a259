"""Charts: exact widths, extremes that survive, numbers beside the picture."""

from __future__ import annotations

import math
import sys
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from shopfloor.tui.widgets.line_plot import Bin, HistogramPlot, LinePlot, Series, column_spans

values = st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=60)


def texts(plot) -> list[str]:  # type: ignore[no-untyped-def]
    return ["".join(piece.text for piece in line) for line in plot]


def test_golden() -> None:
    plot = LinePlot([Series("auc", [0, 1, 2, 3])], rows=2, limit=3, x_labels=("1", "4"))
    assert texts(plot.lines(24)) == [
        "3.00 │╌╌╌╌╌╌╌╌╌⣀⣀⠤⠤⠔⠒⠒⠉⠉",
        "0.00 │⣀⣀⠤⠤⠔⠒⠒⠉⠉         ",
        "      1                4",
        "── auc    last 3.00",
        "╌╌ limit  3.00",
    ]


@example([[-1.7120886998688722e308]], 12, None)
@example([[-1.7e308, 1.7e308]], 40, 0.0)
@given(st.lists(values, min_size=1, max_size=3), st.integers(1, 100), st.none() | st.floats(-1e6, 1e6))
def test_any_numbers_fit_any_width(series: list[list[float | None]], width: int, limit: float | None) -> None:
    plot = LinePlot([Series(f"s{i}", one) for i, one in enumerate(series)], rows=4, limit=limit)
    for line in texts(plot.lines(width)):
        assert cell_len(line) <= width


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=500), st.integers(1, 50))
def test_extremes_survive_down_sampling(some: list[float], columns: int) -> None:
    spans = [span for span in column_spans(some, columns) if span is not None]
    assert len(spans) <= columns
    assert min(low for low, _ in spans) == min(some)
    assert max(high for _, high in spans) == max(some)


def test_a_single_spike_in_many_values_is_drawn() -> None:
    some = [0.0] * 100_000
    some[77_777] = 1.0
    plot = LinePlot([Series("x", some)], rows=4)
    top = texts(plot.lines(60))[0]
    assert any(0x2800 < ord(char) <= 0x28FF for char in top)


def test_a_drawing_looks_at_each_value_once() -> None:
    def calls(count: int) -> int:
        """Functions called for a second drawing, as when the screen is resized."""
        plot = LinePlot([Series("x", [math.sin(i / 50) for i in range(count)])], limit=0.5)
        plot.lines(60)
        called = Counter[str]()
        sys.setprofile(lambda frame, event, value: called.update([event]))
        try:
            plot.lines(60)
        finally:
            sys.setprofile(None)
        return called["call"] + called["c_call"]

    assert (calls(20_000) - calls(2_000)) / 18_000 <= 2  # is it finite, and at its place in a column


def test_gaps_and_nothing() -> None:
    assert texts(LinePlot([Series("x", [None, math.nan])]).lines(40)) == ["No values yet."]
    gap = texts(LinePlot([Series("x", [1, 1, None, None, None, None, 2, 2])], rows=2).lines(30))
    assert "  " in gap[0].split("│")[1].strip(" ") or "  " in gap[1].split("│")[1]


def test_numbers_are_printed_beside_the_plot() -> None:
    lines = texts(LinePlot([Series("auc", [0.81, 0.92, 0.9])], limit=0.85).lines(60))
    assert "── auc    last 0.900  min 0.810  max 0.920" in lines[-2]
    assert lines[-1] == "╌╌ limit  0.850"


def test_histogram_golden_at_36_cells() -> None:
    plot = HistogramPlot([Bin("< 20", 10, 6), Bin("20–39", 60, 30), Bin("≥ 40", 0, 64)])
    assert texts(plot.lines(36)) == [
        "           reference current       ",
        "< 20   14 %       ▐█│▌          6 %",
        "20–39  86 % ████████│███       30 %",
        "≥ 40    0 %         │██████    64 %",
    ]


@given(
    st.lists(st.builds(Bin, st.text(max_size=30), st.integers(0, 99), st.integers(0, 99)), max_size=12),
    st.integers(20, 120),
)
def test_histogram_fits(bins: list[Bin], width: int) -> None:
    lines = texts(HistogramPlot(bins).lines(width))
    assert all(cell_len(line) <= width for line in lines)
    if bins:
        assert len(lines) == len(bins) + 1
        assert len({cell_len(line[: line.rindex("│")]) for line in lines[1:]}) == 1
