"""The line drawn as five boxes, each with a state word and three facts."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.tui.views.home import Fact, Station
from shopfloor.tui.widgets.cells import fit
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece

_WIDE = 110


class StationLine(LineWidget):
    """Data → Train → Release → Serve → Watch, as wide as the screen."""

    DEFAULT_CSS = """
    StationLine { height: 7; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._stations: tuple[Station, ...] = ()

    def show(self, stations: Sequence[Station]) -> None:
        """Show these; only lines that differ are repainted."""
        self._stations = tuple(stations)
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        if not self._stations:
            return [[Piece("")] for _ in range(7)]
        count = len(self._stations)
        gap = 3 if width >= _WIDE else 1
        box = max(8, (width - 1 - (count - 1) * gap) // count)
        return [self._row(number, box, gap) for number in range(7)]

    def _row(self, number: int, box: int, gap: int) -> Line:
        flat, side = "─", "│"
        pieces = [Piece(" " if gap > 1 else "")]
        for place, station in enumerate(self._stations):
            tone = station.state.tone
            inner, pad = box - 2, 1 if gap > 1 else 0
            if number == 0:
                pieces.append(Piece(f"╭{flat * inner}╮", tone))
            elif number == 6:
                pieces.append(Piece(f"╰{flat * inner}╯", tone))
            elif number == 1:
                word = station.state.word
                pieces += [
                    Piece(f"{side} ", tone),
                    Piece(fit(station.name, inner - 1 - pad - len(word)), "strong"),
                    Piece(word, tone),
                    Piece(" " * pad + side, tone),
                ]
            elif number == 2:
                pieces += [
                    Piece(side, tone),
                    Piece(f" {flat * (inner - 1 - pad)}" + " " * pad, "faint"),
                    Piece(side, tone),
                ]
            else:
                fact = station.facts[number - 3] if number - 3 < len(station.facts) else Fact("")
                pieces += [
                    Piece(f"{side} ", tone),
                    Piece(fit(fact.text, inner - 1 - pad), fact.tone),
                    Piece(" " * pad + side, tone),
                ]
            if place < len(self._stations) - 1:
                pieces.append(Piece(("→" if number == 3 else " ").center(gap), "muted"))
        return pieces
