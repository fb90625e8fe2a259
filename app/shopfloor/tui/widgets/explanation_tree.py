"""An explanation as a tree whose branches go on beside long facts."""

from __future__ import annotations

from shopfloor.domain.explanation import Explanation, wrapped
from shopfloor.tui.widgets.cells import clean, wrap
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece


class ExplanationTree(LineWidget):
    """The answer first, below it what it came from; what would change a fact has an arrow."""

    DEFAULT_CSS = """
    ExplanationTree { height: auto; width: 1fr; }
    """

    def __init__(self, found: Explanation) -> None:
        super().__init__()
        self._found = found

    def lines(self, width: int) -> list[Line]:
        return [
            [Piece(branch, "muted"), Piece(words, "" if branch else "strong")]
            for branch, words in wrapped(self._found, width, lambda said, room: wrap(clean(said), room))
        ]
