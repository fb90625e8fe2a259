"""Base of all line-drawn widgets: lines of toned pieces, repainted only where they changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from shopfloor.tui.widgets.tones import TONES, tone_style


class Piece(NamedTuple):
    """A run of text in one tone; `hit` names what a click on it means."""

    text: str
    tone: str = ""
    hit: str = ""


Line = Sequence[Piece]


class Toned(Widget):
    """A widget whose text is coloured by tone, a word that the theme turns into a style.

    Tones: the six states `ok warn fail run wait lost`; `muted` and `faint` for what matters less;
    `strong`, `title`, `key`, `accent`; and `second` for a second series beside `run`.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        self._tones: dict[tuple[str, str], Style] = {}
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    def notify_style_update(self) -> None:
        self._tones.clear()
        super().notify_style_update()

    def paint(self, tone: str, base: str = "") -> Style:
        """Style of `tone` on the background of the component `base` (empty: the widget itself).

        A tone nobody defined is plain text, so that a row from a newer engine still shows.
        """
        found = self._tones.get((tone, base))
        if found is None:
            found = self._tones[tone, base] = self._mix(tone, base)
        return found

    def _mix(self, tone: str, base: str) -> Style:
        ground = self.get_component_rich_style(base) if base else self.rich_style
        if tone not in TONES or ground.reverse:
            return ground
        over = tone_style(tone, self.app.theme_variables, self.background_colors[1], ansi="ansi" in self.pseudo_classes)
        return ground + over

    def strip_of(self, line: Iterable[Piece], width: int, base: str = "") -> Strip:
        """`line` as exactly `width` cells, filled with the background of `base`."""
        runs: list[tuple[str, Style]] = []
        for piece in line:
            style = self.paint(piece.tone, base)
            if runs and (style == runs[-1][1] or _is_blank(piece.text, style, runs[-1][1])):
                runs[-1] = (runs[-1][0] + piece.text, runs[-1][1])
            elif piece.text:
                runs.append((piece.text, style))
        strip = Strip([Segment(text, style) for text, style in runs])
        return strip.adjust_cell_length(width, self.paint("", base))


def _is_blank(text: str, style: Style, before: Style) -> bool:
    """Whether `text` looks the same in the style of the run before it.

    Every change of style costs some 40 bytes on the wire; half of a table's pieces are gaps.
    """
    if not text.isspace() or style.bgcolor != before.bgcolor:
        return False
    return not (style.underline or before.underline or style.reverse or before.reverse)


class LineWidget(Toned):
    """A widget made of lines of pieces.

    Subclasses implement `lines(width)`, a pure function of their data, and call `redraw` after the
    data changed: only lines that differ are sent to the terminal, and none when nothing differs.
    """

    can_focus = False

    _drawn: Sequence[Line] = ()
    _drawn_width = -1

    def lines(self, width: int) -> list[Line]:
        """The lines for a content area of `width` cells."""
        raise NotImplementedError

    def clicked(self, hit: str) -> None:
        """A piece with this `hit` was clicked."""

    def redraw(self) -> None:
        """Repaint what the latest data changed; lay out again when the number of lines changed."""
        width = self._drawn_width
        if width < 0:
            return
        old, new = self._drawn, self.lines(width)
        if new == old:
            return
        self._drawn = new
        if len(new) != len(old) and self.styles.height is not None and self.styles.height.is_auto:
            self.refresh(layout=True)
            return
        for y in range(max(len(old), len(new))):
            if old[y : y + 1] != new[y : y + 1]:
                self.refresh(Region(0, y, width, 1))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        lines = self._lines(width)
        return self.strip_of(lines[y] if y < len(lines) else (), width)

    def _lines(self, width: int) -> Sequence[Line]:
        if width != self._drawn_width:
            self._drawn, self._drawn_width = self.lines(width), width
        return self._drawn

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (hit := self._hit(offset.x, offset.y)):
            event.stop()
            self.clicked(hit)

    def _hit(self, x: int, y: int) -> str:
        if not 0 <= y < len(self._drawn):
            return ""
        edge = 0
        for piece in self._drawn[y]:
            edge += cell_len(piece.text)
            if x < edge:
                return piece.hit
        return ""
