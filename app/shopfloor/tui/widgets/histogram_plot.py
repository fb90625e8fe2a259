"""Two distributions bin by bin, readable in 36 cells."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len

from shopfloor.domain.numbers import whole_percent
from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, cut, fit
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece
from shopfloor.tui.widgets.sparkline import histogram_bars, shares


class Bin(msgspec.Struct, frozen=True):
    """One bin of two histograms, with the counts of both samples."""

    label: str
    reference: float
    current: float


class HistogramPlot(LineWidget):
    """Two distributions as mirrored bars, one line a bin: reference left, current right."""

    DEFAULT_CSS = """
    HistogramPlot { height: auto; width: 1fr; }
    """

    def __init__(
        self,
        bins: Sequence[Bin] = (),
        *,
        names: tuple[str, str] = ("reference", "current"),
        empty: str = "No values yet.",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._bins = tuple(bins)
        self._sides = names
        self._empty = empty

    def show_bins(self, bins: Sequence[Bin]) -> None:
        """Draw other data."""
        self._bins = tuple(bins)
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        if not self._bins:
            return [[Piece(cut(self._empty, width), "muted")]]
        labels = [clean(one.label, 24) for one in self._bins]
        label = min(max(map(cell_len, labels)), max(4, (width - 13) // 3), 24)
        side = max(1, (width - label - 15) // 2)
        bars = histogram_bars(
            [one.reference for one in self._bins],
            [one.current for one in self._bins],
            side,
        )
        before = shares([one.reference for one in self._bins])
        after = shares([one.current for one in self._bins])
        lines: list[Line] = [self._head(label, side)]
        for text, (left, right), a, b in zip(labels, bars, before, after, strict=True):
            lines.append(
                [
                    Piece(f"{fit(text, label)} ", ""),
                    Piece(f"{whole_percent(a):>5} ", "muted"),
                    Piece(left, "wait"),
                    Piece(glyphs.AXIS, "faint"),
                    Piece(right, "run"),
                    Piece(f" {whole_percent(b):>5}", "strong" if abs(a - b) >= 0.1 else "muted"),
                ]
            )
        return lines

    def _head(self, label: int, side: int) -> Line:
        left = fit(clean(self._sides[0], side + 6), side + 6, "right")
        right = fit(clean(self._sides[1], side + 6), side + 6)
        return [Piece(" " * (label + 1)), Piece(left, "wait"), Piece(" "), Piece(right, "run")]
