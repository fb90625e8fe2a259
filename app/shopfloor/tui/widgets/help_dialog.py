"""All keys of a pane, filtered while typing; enter runs the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from shopfloor.tui.widgets.dialog import Dialog, PlainInput
from shopfloor.tui.widgets.key_value import Paragraph
from shopfloor.tui.widgets.virtual_table import Cell, Row, TableColumn, VirtualTable


class HelpRow(msgspec.Struct, frozen=True):
    """One line of help. Rows without a `name`, and disabled ones, cannot be run."""

    key: str
    label: str
    help: str = ""
    name: str = ""
    enabled: bool = True
    group: str = ""


class HelpDialog(Dialog[str | None]):
    """Shows `rows`; the result is the name of the action to run, or None."""

    DEFAULT_CSS = """
    HelpDialog {
        & > .dialog--box { width: 92; height: 90%; padding: 0 1; }
        & VirtualTable { margin: 1 0 0 0; background: $surface; }
        & #about { height: 2; margin: 0 2; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]

    def __init__(self, title: str, rows: Sequence[HelpRow]) -> None:
        super().__init__(title, keys="type to filter  enter Run  esc Close")
        self._rows = tuple(rows)

    def body(self) -> ComposeResult:
        yield PlainInput(placeholder="type to filter")
        columns = [
            TableColumn("key", "KEY", width=10),
            TableColumn("label", "ACTION", ratio=1, min=14, max=24),
            TableColumn("help", "WHAT IT DOES", ratio=6, min=10),
        ]
        table = VirtualTable(columns, markable=False, empty="No key matches.")
        table.can_focus = False
        yield table
        yield Paragraph(id="about")

    def on_mount(self) -> None:
        self.query_one(PlainInput).focus()
        self._fill("")

    @on(PlainInput.Changed)
    def _changed(self, event: PlainInput.Changed) -> None:
        if event.value == "?":  # the key that opened the help closes it
            self.dismiss(None)
        else:
            self._fill(event.value)

    @on(PlainInput.Submitted)
    def _entered(self) -> None:
        self._run(self.query_one(VirtualTable).cursor_key)

    @on(VirtualTable.RowHighlighted)
    def _highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        """All of a help text that the column may have cut."""
        text = self._rows[int(event.key)].help if event.key is not None else ""
        self.query_one("#about", Paragraph).set_text(text, "muted")

    @on(VirtualTable.RowOpened)
    def _opened(self, event: VirtualTable.RowOpened) -> None:
        self._run(event.key)

    def action_move(self, rows: int) -> None:
        self.query_one(VirtualTable).action_cursor(rows)

    def action_page(self, pages: int) -> None:
        self.query_one(VirtualTable).action_page(pages)

    def _fill(self, wanted: str) -> None:
        words = wanted.lower().split()
        rows = [_table_row(i, row) for i, row in enumerate(self._rows) if all(word in _haystack(row) for word in words)]
        self.query_one(VirtualTable).set_rows(rows, query=wanted)

    def _run(self, key: str | None) -> None:
        row = self._rows[int(key)] if key is not None else None
        if row is not None and row.name and row.enabled:
            self.dismiss(row.name)


def _haystack(row: HelpRow) -> str:
    return f"{row.key} {row.label} {row.help} {row.name} {row.group}".lower()


def _table_row(i: int, row: HelpRow) -> Row:
    tone = "" if row.enabled else "faint"
    key = Cell(row.key, "key" if row.enabled else "faint")
    return Row(str(i), (key, Cell(row.label, tone), Cell(row.help, tone or "muted")), tone)
