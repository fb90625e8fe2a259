"""A line chart of braille dots.

The numbers stand beside the picture, because pictures vanish in screen readers and pipes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

import msgspec
from rich.cells import cell_len

from shopfloor.domain.numbers import tick
from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, cut, fit
from shopfloor.tui.widgets.histogram_plot import Bin, HistogramPlot
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece
from shopfloor.tui.widgets.sparkline import Number

__all__ = ["Bin", "HistogramPlot", "LinePlot", "Series"]

# Bits of the eight dots of a braille character, by column and row (Unicode 10.0, block 2800).
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_TONES = ("run", "second", "accent", "ok")


class Series(msgspec.Struct, frozen=True):
    """Named numbers in order; None where there is none. `tone` defaults by position."""

    name: str
    values: Sequence[Number]
    tone: str = ""


def column_spans(values: Sequence[Number], columns: int) -> list[tuple[float, float] | None]:
    """Lowest and highest value in each of at most `columns` equal parts of `values`.

    Extremes survive: a mean would hide the spike an alert is about.
    """
    count = min(columns, len(values))
    spans: list[tuple[float, float] | None] = []
    for i in range(count):
        known = _known(values[i * len(values) // count : (i + 1) * len(values) // count])
        spans.append((min(known), max(known)) if known else None)
    return spans


def _known(values: Sequence[Number]) -> list[float]:
    """The finite ones."""
    return [float(value) for value in values if value is not None and math.isfinite(value)]


class Canvas:
    """A grid of dots, two wide and four high in each character cell."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._bits = [[0] * columns for _ in range(rows)]
        self._tones = [[""] * columns for _ in range(rows)]

    @property
    def width(self) -> int:
        return self.columns * 2

    @property
    def height(self) -> int:
        return self.rows * 4

    def dot(self, x: int, y: int, tone: str) -> None:
        """Set the dot at `x` from the left, `y` from the top."""
        column, row = x // 2, y // 4
        self._bits[row][column] |= _DOTS[x % 2][y % 4]
        self._tones[row][column] = tone

    def pieces(self, row: int, ground: str) -> list[Piece]:
        """One row as pieces; cells without a dot show `ground`."""
        line: list[Piece] = []
        for bits, tone in zip(self._bits[row], self._tones[row], strict=True):
            char = (chr(0x2800 + bits), tone) if bits else (ground, "faint")
            if line and line[-1].tone == char[1]:
                line[-1] = Piece(line[-1].text + char[0], char[1])
            else:
                line.append(Piece(*char))
        return line


class LinePlot(LineWidget):
    """Line chart of one or more series, with limits, an optional limit line, and the numbers.

    Redrawn only when the data differs; the height is `rows` plus an axis and a line a series.
    """

    DEFAULT_CSS = """
    LinePlot { height: auto; width: 1fr; }
    """

    def __init__(
        self,
        series: Sequence[Series] = (),
        *,
        rows: int = 8,
        limit: float | None = None,
        limit_name: str = "limit",
        x_labels: tuple[str, str] = ("", ""),
        low: float | None = None,
        high: float | None = None,
        number: Callable[[float], str] | None = None,
        empty: str = "No values yet.",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """
        Args:
            series: What to draw, the last on top.
            rows: Character rows of the plot itself.
            limit: Value of a horizontal line, for example an alert's threshold.
            limit_name: How the limit is named beside its number.
            x_labels: What stands under the left and the right end.
            low: Lowest value of the scale; by default of the data and the limit.
            high: Highest value of the scale.
            number: How a value is written; by default with the decimals its scale needs.
            empty: What to say when no series has a value.
        """
        super().__init__(id=id, classes=classes)
        self._rows = max(2, rows)
        self._limit_name = limit_name
        self._low, self._high = low, high
        self._format = number
        self._empty = empty
        self._take(series, limit, x_labels)

    def show_series(
        self,
        series: Sequence[Series],
        *,
        limit: float | None = None,
        x_labels: tuple[str, str] = ("", ""),
    ) -> None:
        """Draw other data."""
        self._take(series, limit, x_labels)
        self.redraw()

    def _take(self, series: Sequence[Series], limit: float | None, x_labels: tuple[str, str]) -> None:
        """What a drawing needs of every value is found out once."""
        self._series, self._limit, self._x_labels = tuple(series), limit, x_labels
        self._values = [_known(one.values) for one in self._series]
        self._scale = self._scaled()

    def lines(self, width: int) -> list[Line]:
        scale = self._scale
        if scale is None or width < 12:
            return [[Piece(cut(self._empty, width), "muted")]] if scale is None else self._numbers(width)
        marks = self._marks(*scale)
        label = max(cell_len(text) for text in marks.values())
        plot = self._plot(width - label - 2, *scale)
        limit_row = self._limit_row(*scale)
        lines: list[Line] = []
        for row in range(self._rows):
            ground = glyphs.LIMIT if row == limit_row else " "
            tone = "fail" if row == limit_row else "muted"
            axis = Piece(f"{fit(marks.get(row, ''), label, 'right')} ", tone)
            edge = Piece(glyphs.AXIS, "faint")
            dots = [_limited(piece, ground) for piece in plot.pieces(row, ground)]
            lines.append([axis, edge, *dots])
        return [*lines, *self._x_axis(width, label), *self._numbers(width)]

    def _number(self, value: float) -> str:
        if self._format is not None:
            return self._format(value)
        return tick(value, *(self._scale or (value, value)))

    def _scaled(self) -> tuple[float, float] | None:
        """Lowest and highest value of the picture; None when there is nothing to draw."""
        values = [edge for known in self._values if known for edge in (min(known), max(known))]
        if not values:
            return None
        if self._limit is not None and math.isfinite(self._limit):
            values.append(self._limit)
        low = min(values) if self._low is None else self._low
        high = max(values) if self._high is None else self._high
        if not low < high:
            pad = abs(low) * 0.05 or 0.5
            most = sys.float_info.max
            return max(-most, low - pad), min(most, low + pad)
        return low, high

    def _marks(self, low: float, high: float) -> dict[int, str]:
        marks = {self._rows - 1: self._number(low), 0: self._number(high)}
        row = self._limit_row(low, high)
        if row is not None and self._limit is not None:
            marks[row] = self._number(self._limit)
        return marks

    def _limit_row(self, low: float, high: float) -> int | None:
        if self._limit is None or not low <= self._limit <= high:
            return None
        return _height(self._limit, low, high, self._rows)

    def _plot(self, columns: int, low: float, high: float) -> Canvas:
        canvas = Canvas(columns, self._rows)
        for position, series in enumerate(self._series):
            tone = series.tone or _TONES[position % len(_TONES)]
            _draw(canvas, column_spans(series.values, canvas.width), low, high, tone)
        return canvas

    def _x_axis(self, width: int, label: int) -> list[Line]:
        left, right = (clean(text, width) for text in self._x_labels)
        if not left and not right:
            return []
        room = width - label - 2
        left = cut(left, room)
        right = fit(cut(right, room - cell_len(left)), room - cell_len(left), "right")
        return [[Piece(" " * (label + 2)), Piece(left + right, "muted")]]

    def _numbers(self, width: int) -> list[Line]:
        names = [clean(series.name, width) for series in self._series]
        room = max((cell_len(name) for name in [*names, self._limit_name]), default=0)
        lines = [
            self._number_line(series, position, fit(name, min(room, 16)))
            for position, (series, name) in enumerate(zip(self._series, names, strict=True))
        ]
        if self._limit is not None and lines:
            name = fit(clean(self._limit_name, 16), min(room, 16))
            text = f"{glyphs.LIMIT * 2} {name}  {self._number(self._limit)}"
            lines.append([Piece(text, "fail")])
        return [_clipped(line, width) for line in lines]

    def _number_line(self, series: Series, position: int, name: str) -> Line:
        tone = series.tone or _TONES[position % len(_TONES)]
        known = self._values[position]
        head = [Piece(f"{glyphs.RULE}{glyphs.RULE} ", tone), Piece(f"{name}  ", "")]
        if not known:
            return [*head, Piece(glyphs.NONE, "muted")]
        return [
            *head,
            Piece("last ", "muted"),
            Piece(self._number(known[-1]), "strong"),
            Piece(f"  min {self._number(min(known))}  max {self._number(max(known))}", "muted"),
        ]


def _height(value: float, low: float, high: float, rows: int) -> int:
    """Row of `value`, 0 at the top, in `rows` rows from `high` down to `low`."""
    part = (value / 2 - low / 2) / (high / 2 - low / 2)
    return min(rows - 1, max(0, rows - 1 - round(part * (rows - 1))))


def _draw(
    canvas: Canvas,
    spans: Sequence[tuple[float, float] | None],
    low: float,
    high: float,
    tone: str,
) -> None:
    """Draw each span as a vertical run, joined to the one before it."""
    last: tuple[int, int] | None = None
    last_x = 0
    for i, span in enumerate(spans):
        if span is None:
            last = None
            continue
        x = 0 if len(spans) == 1 else round(i * (canvas.width - 1) / (len(spans) - 1))
        bottom, top = (_height(value, low, high, canvas.height) for value in span)
        if last is not None:
            _join(canvas, last_x, (last[0] + last[1]) // 2, x, (top + bottom) // 2, tone)
        for y in range(top, bottom + 1):
            canvas.dot(x, y, tone)
        last, last_x = (top, bottom), x


def _join(canvas: Canvas, x0: int, y0: int, x1: int, y1: int, tone: str) -> None:
    """A straight line of dots."""
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    for step in range(steps + 1):
        canvas.dot(x0 + round((x1 - x0) * step / steps), y0 + round((y1 - y0) * step / steps), tone)


def _limited(piece: Piece, ground: str) -> Piece:
    """The empty part of the limit's row is the limit line."""
    return Piece(piece.text, "fail") if piece.tone == "faint" and ground != " " else piece


def _clipped(line: Line, width: int) -> Line:
    """`line` without the pieces that do not fit whole, so that no number is cut in half."""
    kept: list[Piece] = []
    for piece in line:
        if sum(cell_len(one.text) for one in kept) + cell_len(piece.text) > width:
            break
        kept.append(piece)
    return kept
