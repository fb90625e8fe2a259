"""The pane beside or over a list: titled sections under each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, cut
from shopfloor.tui.widgets.histogram_plot import Bin, HistogramPlot
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Prose
from shopfloor.tui.widgets.line_plot import LinePlot, Series
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece


class SectionTitle(LineWidget):
    """A title on a rule, with a short note at the right end."""

    DEFAULT_CSS = """
    SectionTitle { height: 1; width: 1fr; margin: 1 0 0 0; }
    SectionTitle.-first { margin: 0; }
    """

    def __init__(self, title: str, note: str = "") -> None:
        super().__init__()
        self._title, self._note = title, note

    def set_title(self, title: str, note: str) -> None:
        self._title, self._note = title, note
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        title = cut(clean(self._title, width), max(0, width - 4))
        note = clean(self._note, width)
        rest = width - cell_len(title) - 1
        if note and cell_len(note) + 3 <= rest:
            rule = glyphs.RULE * (rest - cell_len(note) - 1)
            return [[Piece(f"{title} ", "title"), Piece(f"{rule} ", "faint"), Piece(note, "muted")]]
        return [[Piece(f"{title} ", "title"), Piece(glyphs.RULE * max(0, rest), "faint")]]


class Chart(msgspec.Struct, frozen=True):
    """What a `LinePlot` is to show; see there."""

    series: Sequence[Series]
    limit: float | None = None
    x_labels: tuple[str, str] = ("", "")
    rows: int = 7


class Histogram(msgspec.Struct, frozen=True):
    """What a `HistogramPlot` is to show; see there."""

    bins: Sequence[Bin]
    names: tuple[str, str] = ("reference", "current")


Body = str | Content | Sequence[Pair | tuple[str, str]] | Chart | Histogram | Widget


class Section(msgspec.Struct, frozen=True):
    """One titled part of a detail pane.

    `body` is foreign text, trusted `Content`, pairs, a chart, a histogram, or a widget of its own.
    Sections keep their widgets from one `show` to the next while `key` and the kind of body stay
    the same. A widget that was shown and left out of a later call is gone for good.
    """

    key: str
    title: str
    body: Body
    note: str = ""


class DetailPane(VerticalScroll, can_focus=False):
    """Titled sections under each other.

    It takes no focus beside a list, where its scroll bar would steal the keys; full screen it is
    made with `focusable=True` and scrolls by the keys of the lists.
    """

    DEFAULT_CSS = """
    DetailPane {
        padding: 0 0 0 1;  /* the scroll bar stands inside the padding, so the right edge is the children's */
        scrollbar-size-vertical: 1;
        background: $background;
        & > * { padding: 0 1 0 0; }
        & > Static { height: auto; width: 1fr; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Up", show=False, id="detail.up"),
        Binding("down,j", "scroll_lines(1)", "Down", show=False, id="detail.down"),
        Binding("ctrl+u", "scroll_lines(-10)", "Up", show=False, id="detail.half_up"),
        Binding("ctrl+d", "scroll_lines(10)", "Down", show=False, id="detail.half_down"),
        Binding("g", "scroll_lines(-1000000)", "Top", show=False, id="detail.first"),
        Binding("G", "scroll_lines(1000000)", "End", show=False, id="detail.last"),
    ]

    def __init__(self, *, focusable: bool = False, id: str | None = None) -> None:
        super().__init__(id=id, can_focus=focusable)
        self._shown: list[Section] = []

    def action_scroll_lines(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False)

    async def show(self, sections: Sequence[Section]) -> None:
        """Show `sections`; where only their content changed, only changed lines are repainted."""
        wanted = list(sections)
        if _shape(wanted) != _shape(self._shown) or not self.children:
            await self._rebuild(wanted)
        else:
            self._update_in_place(wanted)
        self._shown = wanted

    async def _rebuild(self, sections: list[Section]) -> None:
        self._shown = []
        wanted = _widgets(sections)
        kept = {widget for widget in wanted if widget.parent is self}
        with self.app.batch_update():
            await self.remove_children([child for child in self.children if child not in kept])
            await self.mount_all([widget for widget in wanted if widget not in kept])
            for i, widget in enumerate(wanted):
                if self.children[i] is not widget:
                    self.move_child(widget, before=i)
            self.scroll_home(animate=False)

    def _update_in_place(self, sections: Sequence[Section]) -> None:
        widgets = list(self.children)
        for i, (old, new) in enumerate(zip(self._shown, sections, strict=True)):
            title, body = widgets[2 * i], widgets[2 * i + 1]
            if isinstance(title, SectionTitle):
                title.set_title(new.title, new.note)
            if not isinstance(new.body, Widget) and new.body != old.body:
                _update_body(body, new.body)


def _shape(sections: Sequence[Section]) -> list[object]:
    """What decides whether widgets can be kept."""
    return [(one.key, _kind(one.body)) for one in sections]


def _kind(body: Body) -> object:
    if isinstance(body, Widget):
        return body
    if isinstance(body, Chart):
        return Chart, body.rows
    if isinstance(body, Histogram):
        return Histogram, body.names
    return next((kind for kind in (str, Content) if isinstance(body, kind)), Pair)


def _widgets(sections: Sequence[Section]) -> list[Widget]:
    widgets: list[Widget] = []
    for i, section in enumerate(sections):
        title = SectionTitle(section.title, section.note)
        title.set_class(i == 0, "-first")
        widgets += [title, _body_widget(section.body)]
    return widgets


def _body_widget(body: Body) -> Widget:
    if isinstance(body, Widget):
        return body
    if isinstance(body, Content):
        return Static(body)
    if isinstance(body, Chart):
        return LinePlot(body.series, rows=body.rows, limit=body.limit, x_labels=body.x_labels)
    if isinstance(body, Histogram):
        return HistogramPlot(body.bins, names=body.names)
    return Prose(body) if isinstance(body, str) else KeyValue(body)


def _update_body(widget: Widget, body: Body) -> None:
    if isinstance(widget, LinePlot) and isinstance(body, Chart):
        widget.show_series(body.series, limit=body.limit, x_labels=body.x_labels)
    elif isinstance(widget, HistogramPlot) and isinstance(body, Histogram):
        widget.show_bins(body.bins)
    elif isinstance(widget, Prose) and isinstance(body, str):
        widget.set_text(body)
    elif isinstance(widget, Static) and isinstance(body, Content):
        widget.update(body)
    elif isinstance(widget, KeyValue) and not isinstance(body, str | Content | Chart | Histogram | Widget):
        widget.set_pairs(body)
