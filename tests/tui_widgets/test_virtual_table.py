"""The table on a screen: what it paints, what it sends, what it posts."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui_widgets.harness import HOSTILE, Bare, Journal, plain_rows, settle, text_of
from textual.content import Content
from textual.message import Message
from textual.pilot import Pilot

from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.virtual_table import TableColumn, VirtualTable

COLUMNS = (
    TableColumn("state", "STATE", width=6),
    TableColumn("name", "NAME", ratio=1, min=8),
    TableColumn("n", "N", width=5, align="right", sortable=True),
)


def running(app: Bare, size: tuple[int, int] = (40, 8)):  # type: ignore[no-untyped-def]
    return app.run_test(size=size, message_hook=app.seen.append)


async def quiet(app: Bare, pilot: Pilot[None]) -> None:
    """Forget what was sent and posted so far."""
    await settle(pilot)
    app.sent = 0
    app.frames.clear()
    app.seen.clear()
    for table in app.query(Journal):
        table.lines_painted.clear()


async def test_golden_lines() -> None:
    table = VirtualTable(COLUMNS)
    async with running(Bare(table)) as pilot:
        table.focus()
        table.set_rows(plain_rows([1, 20, 300]))
        table.sort = ("n", True)
        table.move_to(1)
        table.action_mark()
        await settle(pilot)
        assert text_of(table) == [
            "   STATE   NAME                     ▼N  ",
            "   ok      name 1                    1  ",
            "▌● ok      name 20                  20  ",
            "   ok      name 300                300  ",
            *[" " * 40] * 4,
        ]


async def test_a_row_looked_for_stands_among_its_neighbours() -> None:
    table = VirtualTable(COLUMNS)
    async with running(Bare(table)) as pilot:
        table.set_rows(plain_rows(range(50)))
        for key, first in ((1, 0), (25, 22), (49, 43)):
            assert table.move_to_key(str(key))
            await settle(pilot)
            assert f"name {first} " in text_of(table)[1]
            assert any(f"name {key} " in one for one in text_of(table))


async def test_wide_and_combining_characters_stay_aligned() -> None:
    table = VirtualTable(COLUMNS)
    names = ["顧客データ一覧の長い名前です", "e\u0301te\u0301", "plain", "漢" * 40, *HOSTILE]
    async with running(Bare(table), (40, 30)) as pilot:
        table.set_rows([Row(str(i), ("ok", name, "7")) for i, name in enumerate(names)])
        await settle(pilot)
        lines = text_of(table)
        assert {cell_len(line) for line in lines} == {40}
        for line in lines[1 : 1 + len(names)]:
            assert line.endswith("7  ")


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_text_is_inert(name: str) -> None:
    columns = [TableColumn(name, name, width=12, sortable=True), TableColumn("b", "B", ratio=1)]
    table = VirtualTable(columns, empty=name)
    async with running(Bare(table), (60, 6)) as pilot:
        await settle(pilot)
        table.set_rows([Row(name, (name, Cell(name, name)))])
        await settle(pilot)
        assert all("\x1b" not in line and "\n" not in line for line in text_of(table))
        assert table.cursor_key == name
        await pilot.click(table, offset=(4, 1))
        await pilot.press("space", "enter")


async def test_one_changed_row_repaints_one_line() -> None:
    table = Journal(COLUMNS)
    app = Bare(table)
    async with running(app, (120, 40)) as pilot:
        rows = plain_rows(range(1000))
        table.set_rows(rows)
        await settle(pilot)
        whole = app.sent
        await quiet(app, pilot)
        rows = [*rows[:7], Row("7", (Cell("FAIL", "fail"), "name 7", "8")), *rows[8:]]
        table.set_rows(rows)
        await settle(pilot)
        assert set(table.lines_painted) == {8}
        assert 0 < app.sent < whole / 10
        assert app.sent < 1_000


async def test_unchanged_data_sends_nothing() -> None:
    table = Journal(COLUMNS)
    app = Bare(table)
    async with running(app, (120, 40)) as pilot:
        table.set_rows(plain_rows(range(1000)))
        table.marks = ["3"]
        await quiet(app, pilot)
        for _ in range(5):
            table.set_rows(plain_rows(range(1000)))
            table.sort = None
            table.marks = {"3"}
            await settle(pilot)
        assert table.lines_painted == []
        assert app.sent == 0
        assert not app.of(VirtualTable.RowHighlighted)


async def test_a_change_below_the_screen_sends_no_rows() -> None:
    table = Journal(COLUMNS)
    app = Bare(table)
    async with running(app, (120, 40)) as pilot:
        table.set_rows(plain_rows(range(1000)))
        await quiet(app, pilot)
        table.set_rows(plain_rows(range(1001)))
        await settle(pilot)
        assert table.lines_painted == []
        assert app.sent < 2_000  # the scroll bar


async def test_rows_above_leave_the_lines_alone_and_are_announced() -> None:
    table = Journal(COLUMNS)
    app = Bare(table)
    async with running(app, (60, 12)) as pilot:
        table.focus()
        table.set_rows(plain_rows(range(100)))
        table.move_to(50)
        table.move_to(48)
        await settle(pilot)
        before = text_of(table)
        await quiet(app, pilot)
        table.set_rows(plain_rows([900, 901, 902, *range(100)]))
        await settle(pilot)
        assert set(table.lines_painted) == {11}
        assert app.sent < 1_000
        assert table.cursor_key == "48"
        after = text_of(table)
        assert "▲ 3 newer rows above · g to go" in after[-1]
        assert after[:11] == before[:11]
        await pilot.press("g")
        await settle(pilot)
        assert table.cursor_key == "900"
        assert "newer" not in "".join(text_of(table))


@pytest.mark.parametrize("focused", [True, False])
async def test_cursor_move_repaints_two_lines(focused: bool) -> None:
    table = Journal(COLUMNS)
    app = Bare(table)
    async with running(app, (120, 40)) as pilot:
        app.set_focus(table if focused else None)
        table.set_rows(plain_rows(range(1000)))
        await quiet(app, pilot)
        table.action_cursor(1)
        await settle(pilot)
        assert set(table.lines_painted) == {1, 2}
        assert app.sent < 1_500


async def test_keys() -> None:
    table = VirtualTable(COLUMNS)
    async with running(Bare(table), (40, 11)) as pilot:
        table.focus()
        table.set_rows(plain_rows(range(100)))
        await settle(pilot)
        expected = [
            ("j", 1), ("down", 2), ("k", 1), ("up", 0), ("up", 0), ("pagedown", 10), ("ctrl+d", 15),
            ("ctrl+u", 10), ("pageup", 0), ("G", 99), ("g", 0), ("end", 99), ("j", 99), ("home", 0),
        ]  # fmt: skip
        for key, index in expected:
            await pilot.press(key)
            assert table.cursor_index == index, key
            assert table.scroll_offset.y <= index < table.scroll_offset.y + 10, key


async def test_messages() -> None:
    table = VirtualTable(COLUMNS, id="runs")
    app = Bare(table)
    async with running(app, (40, 11)) as pilot:
        table.focus()
        table.set_rows(plain_rows(range(3)))
        await settle(pilot)
        assert [m.key for m in app.of(VirtualTable.RowHighlighted)] == ["0"]
        await quiet(app, pilot)
        await pilot.press("j", "space", "enter", "space")
        await settle(pilot)
        assert [m.key for m in app.of(VirtualTable.RowHighlighted)] == ["1"]
        assert [m.key for m in app.of(VirtualTable.RowOpened)] == ["1"]
        assert [m.keys for m in app.of(VirtualTable.MarksChanged)] == [{"1"}, frozenset()]
        table.set_rows([])
        await settle(pilot)
        assert [m.key for m in app.of(VirtualTable.RowHighlighted)][-1] is None
        assert all(m.control is table for m in app.of(VirtualTable.FromTable))


async def test_rows_set_before_the_first_paint_are_highlighted() -> None:
    table = VirtualTable(COLUMNS)
    table.set_rows(plain_rows(range(3)))
    app = Bare(table)
    async with running(app) as pilot:
        await settle(pilot)
        assert [m.key for m in app.of(VirtualTable.RowHighlighted)] == ["0"]
        assert "name 2" in text_of(table)[3]


async def test_mouse() -> None:
    table = VirtualTable(COLUMNS)
    app = Bare(table)
    async with running(app, (40, 11)) as pilot:
        table.set_rows(plain_rows(range(100)))
        await quiet(app, pilot)
        await pilot.click(table, offset=(20, 4))
        assert [m.key for m in app.of(VirtualTable.RowOpened)] == ["3"]
        await pilot.click(table, offset=(1, 6))
        assert table.marks == {"5"}
        await pilot.click(table, offset=(37, 0))
        await pilot.click(table, offset=(12, 0))  # not sortable
        assert [m.column for m in app.of(VirtualTable.SortRequested)] == ["n"]
        assert len(app.of(VirtualTable.RowOpened)) == 1


async def test_first_click_only_moves_when_asked_so() -> None:
    table = VirtualTable(COLUMNS, open_on_click=False)
    app = Bare(table)
    async with running(app, (40, 11)) as pilot:
        table.set_rows(plain_rows(range(5)))
        await quiet(app, pilot)
        await pilot.click(table, offset=(20, 4))
        assert (table.cursor_key, app.of(VirtualTable.RowOpened)) == ("3", [])
        await pilot.click(table, offset=(20, 4))
        assert len(app.of(VirtualTable.RowOpened)) == 1


async def test_empty_and_loading() -> None:
    table = VirtualTable(COLUMNS, empty=Content.assemble(("No runs.", "bold"), "\nPress r."))
    async with running(Bare(table), (40, 9)) as pilot:
        await settle(pilot)
        assert "Loading…" in "".join(text_of(table))
        table.set_rows([])
        await settle(pilot)
        lines = text_of(table)
        assert lines[4].strip() == "No runs."
        assert lines[5].strip() == "Press r."
        assert lines[4].index("N") == 16
        table.empty = "All filtered out. esc clears."
        await settle(pilot)
        assert "esc clears" in "".join(text_of(table))


async def test_columns_drop_when_the_screen_narrows() -> None:
    columns = [*COLUMNS, TableColumn("extra", "EXTRA", width=10, priority=5)]
    table = VirtualTable(columns)
    async with running(Bare(table), (60, 9)) as pilot:
        table.set_rows([Row("1", ("ok", "name", "1", "more"))])
        await settle(pilot)
        assert "more" in "".join(text_of(table))
        await pilot.resize_terminal(34, 9)
        await settle(pilot)
        assert {cell_len(line) for line in text_of(table)} == {34}
        assert "more" not in "".join(text_of(table))


async def test_sideways_with_a_frozen_column() -> None:
    columns = [TableColumn(f"c{i}", f"COL{i}", width=10) for i in range(8)]
    table = VirtualTable(columns, sideways=True, frozen=1)
    async with running(Bare(table), (40, 4)) as pilot:
        table.focus()
        table.set_rows([Row("1", tuple(f"v{i}漢字" for i in range(8)))])
        await settle(pilot)
        assert text_of(table)[0].split() == ["COL0", "COL1", "COL2"]
        await pilot.press("right", "right")
        assert text_of(table)[0].split() == ["COL0", "COL3", "COL4"]
        assert text_of(table)[1].split()[-2:] == ["v3漢字", "v4漢字"]
        await pilot.press(*["right"] * 10)
        assert text_of(table)[0].split()[-1] == "COL7"
        await pilot.press(*["left"] * 10)
        assert text_of(table)[0].split() == ["COL0", "COL1", "COL2"]
        assert {cell_len(line) for line in text_of(table)} == {40}


class Window(NamedTuple):
    """Rows `first … first + len(rows) - 1` of `total`, true at `revision` of the data."""

    first: int
    rows: list[Row]
    total: int
    revision: int


class Millions:
    """A row source of a million rows that counts how often it is asked."""

    def __init__(self, total: int = 1_000_000) -> None:
        self.total = total
        self.asked: list[tuple[int, int]] = []
        self.revision = 1
        self.word = "ok"

    async def window(self, first: int, count: int) -> Window:
        self.asked.append((first, count))
        last = min(first + count, self.total)
        rows = [Row(f"r{i}", (Cell(self.word, "ok"), f"name {i}", str(i))) for i in range(first, last)]
        return Window(first, rows, self.total, self.revision)


class BareWindows(Bare):
    """Answers every `WindowRequested` from a source."""

    def __init__(self, source: Millions, *widgets: VirtualTable) -> None:
        super().__init__(*widgets)
        self.source = source

    async def on_virtual_table_window_requested(self, message: VirtualTable.WindowRequested) -> None:
        window = await self.source.window(message.first, message.count)
        message.table.set_window(window.first, window.rows, window.total, window.revision)


async def test_a_million_rows() -> None:
    table = Journal(COLUMNS, windowed=True)
    source = Millions()
    app = BareWindows(source, table)
    async with running(app, (80, 24)) as pilot:
        table.focus()
        await settle(pilot)
        assert source.asked == [(0, 200)]
        assert table.row_count == 1_000_000
        await pilot.press("G")
        await settle(pilot)
        assert table.cursor_key == "r999999"
        assert "name 999999" in text_of(table)[-1]
        await pilot.press("pageup", "g", "pagedown")
        await settle(pilot)
        assert table.cursor_key == "r23"
        table.scroll_to(y=500_000, animate=False)
        await settle(pilot)
        assert "name 500000" in text_of(table)[1]
        assert table.cursor_key == "r23"
        assert len(source.asked) <= 8
        assert sum(count for _, count in source.asked) <= 8 * 300


async def test_a_new_revision_reloads_only_what_is_seen_and_repaints_what_differs() -> None:
    table = Journal(COLUMNS, windowed=True)
    source = Millions()
    app = BareWindows(source, table)
    async with running(app, (80, 24)) as pilot:
        table.focus()
        await settle(pilot)
        table.move_to(10)
        await quiet(app, pilot)
        source.asked.clear()
        source.revision = 2
        table.expire()
        await settle(pilot)
        assert source.asked == [(0, 200)]
        assert (table.lines_painted, app.sent) == ([], 0)
        source.revision, source.word = 3, "warn"
        table.expire()
        await settle(pilot)
        assert set(table.lines_painted) == set(range(1, 24))
        assert table.cursor_key == "r10"


async def test_a_source_that_promises_too_much_is_not_asked_for_ever() -> None:
    class Liar(Millions):
        async def window(self, first: int, count: int) -> Window:
            self.asked.append((first, count))
            return Window(first, [], 500, self.revision)

    source = Liar()
    table = VirtualTable(COLUMNS, windowed=True)
    async with running(BareWindows(source, table), (80, 24)) as pilot:
        for _ in range(10):
            await settle(pilot)
        assert len(source.asked) <= 2


async def test_focus_is_visible_and_themes_repaint() -> None:
    table = VirtualTable(COLUMNS)
    other = VirtualTable(COLUMNS)
    app = Bare(table, other)
    async with running(app, (60, 20)) as pilot:
        table.set_rows(plain_rows(range(3)))
        other.set_rows(plain_rows(range(3)))

        def grounds() -> list[object]:
            return [widget.render_line(1)._segments[0].style.bgcolor for widget in (table, other)]

        table.focus()
        await settle(pilot)
        first = grounds()
        other.focus()
        await settle(pilot)
        assert grounds() == first[::-1]
        assert first[0] != first[1]
        app.theme = "shopfloor-light"
        await settle(pilot)
        assert not set(map(str, grounds())) & set(map(str, first))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.permutations(list(range(30))), st.integers(1, 30)), min_size=1, max_size=6))
async def test_screen_always_shows_the_state(steps: list[tuple[list[int], int]]) -> None:
    """Region refresh never leaves a stale line: the screen equals a table painted afresh."""
    table = VirtualTable(COLUMNS)
    app = Bare(table)
    async with running(app, (50, 10)) as pilot:
        for order, count in steps:
            if count % 2:
                table.focus()
            else:
                app.set_focus(None)
            table.set_rows(plain_rows(order[:count]))
            table.move_to(order[0])
            table.marks = {str(order[0])}
            await settle(pilot)
            shown = [strip.text.rstrip("▁▂▃▄▅▆▇█ ") for strip in app.screen._compositor.render_strips()]
            fresh = [line.rstrip() for line in text_of(table)]
            assert shown == fresh


def test_messages_of_the_same_kind_replace_each_other() -> None:
    table = VirtualTable(COLUMNS)
    first: Message = VirtualTable.WindowRequested(table, 0, 100)
    second: Message = VirtualTable.WindowRequested(table, 100, 100)
    assert first.can_replace(second)
    assert not first.can_replace(VirtualTable.RowHighlighted(table, "a"))
