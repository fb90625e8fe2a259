"""Header, footer, pairs and detail pane."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui_widgets.harness import HOSTILE, Bare, screen_text, settle, text_of
from tests.tui_widgets.showcase import ITEMS, TABS
from textual.content import Content
from textual.widgets import Static

from shopfloor.tui.widgets.detail_pane import Chart, DetailPane, Histogram, Section
from shopfloor.tui.widgets.footer import PINNED, ActionFooter, FooterItem, fitting_items
from shopfloor.tui.widgets.header import PaneTab, StatusHeader, StatusItem
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Paragraph
from shopfloor.tui.widgets.line_plot import Bin, LinePlot, Series

names = st.text(max_size=20) | st.sampled_from(HOSTILE)


def joined(line) -> str:  # type: ignore[no-untyped-def]
    return "".join(piece.text for piece in line)


# -- footer --------------------------------------------------------------------------------------


def test_footer_golden() -> None:
    footer = ActionFooter(ITEMS)
    assert joined(footer.lines(80)[0]).rstrip() == (
        " enter Open  P Promote  r Retry  space Mark  / Filter  ? Help  : Command"
    )
    assert joined(footer.lines(40)[0]).rstrip() == " enter Open  ? Help  : Command"


@given(st.lists(st.builds(FooterItem, names, names, names), max_size=12), st.integers(26, 160))
def test_footer_fits_and_keeps_the_pinned(items: list[FooterItem], width: int) -> None:
    footer = ActionFooter([*items, *PINNED])
    line = joined(footer.lines(width)[0])
    assert cell_len(line.rstrip()) <= width
    assert "? Help" in line
    assert ": Command" in line


@given(st.lists(st.builds(FooterItem, names, names, names), max_size=12), st.integers(0, 160))
def test_footer_drops_from_the_right(items: list[FooterItem], width: int) -> None:
    kept = fitting_items(items, width)
    assert kept == items[: len(kept)]


async def test_footer_clicks() -> None:
    items = [FooterItem("a", "a", "Ack"), FooterItem("r", "r", "Retry", False, "It succeeded."), *PINNED]
    footer = ActionFooter(items)
    app = Bare(footer)
    async with app.run_test(size=(60, 3), message_hook=app.seen.append) as pilot:
        await pilot.click(footer, offset=(2, 0))
        await pilot.click(footer, offset=(9, 0))
        await pilot.click(footer, offset=(55, 0))
        await settle(pilot)
    assert [m.name for m in app.of(ActionFooter.ActionClicked)] == ["a"]
    assert [(m.name, m.reason) for m in app.of(ActionFooter.DisabledClicked)] == [("r", "It succeeded.")]


# -- header --------------------------------------------------------------------------------------


def a_header() -> StatusHeader:
    header = StatusHeader()
    header.set_crumbs(["shop", "Experiments", "churn"])
    header.set_tabs(TABS, "runs")
    header.set_status([StatusItem("watch on", "ok"), StatusItem("alerts 2", "warn", "alerts")])
    return header


def test_header_golden() -> None:
    first, second = (joined(line).rstrip() for line in a_header().lines(80))
    assert first == " shop ▸ Experiments ▸ churn" + " " * 34 + "watch on  alerts 2"
    assert second == " 1 Data 12  [2 RUNS 340]  3 Models 3   4 Alerts 2!   5 Activity   6 Lineage"
    assert "[2 EXPERIMENTS 340]" in joined(a_header().lines(100)[1])


@pytest.mark.parametrize(
    ("width", "golden"),
    [
        (80, " 0 Home   [1 DATA 3,001!]   2 Runs    3 Models    4 Alerts !    5 Activity"),
        (64, " 0 Home [1 DATA !] 2 Runs  3 Models  4 Alerts !  5 Activity"),
        (40, " 0  [1 DATA 3,001!]  2   3   4!   5"),
    ],
)
def test_tabs_give_up_counts_before_words(width: int, golden: str) -> None:
    header = StatusHeader()
    header.set_tabs(
        [
            PaneTab("home", "0", "Home", "Home"),
            PaneTab("datasets", "1", "Datasets", "Data", count="3,001", urgent=True),
            PaneTab("runs", "2", "Experiments", "Runs", count="120,000"),
            PaneTab("models", "3", "Models", "Models", count="2,000"),
            PaneTab("alerts", "4", "Alerts", "Alerts", count="4,000", urgent=True),
            PaneTab("activity", "5", "Activity", "Activity", count="17"),
        ],
        "datasets",
    )
    line = "".join(piece.text for piece in header.lines(width)[1])
    assert len(line.rstrip()) <= width
    assert line.rstrip() == golden


def test_header_says_when_the_picture_is_old() -> None:
    header = a_header()
    header.set_link("lost", "engine away, retrying")
    assert joined(header.lines(80)[0]).rstrip().endswith("LOST engine away, retrying")


@given(
    st.lists(names, max_size=6),
    st.lists(st.builds(StatusItem, names, names), max_size=5),
    st.integers(30, 160),
    st.sampled_from(["live", "stale", "lost", "paused"]),
    names,
)
def test_status_line_is_exactly_as_wide_as_the_screen(
    crumbs: list[str], status: list[StatusItem], width: int, link: str, note: str
) -> None:
    header = StatusHeader()
    header.set_crumbs(crumbs)
    header.set_status(status)
    header.set_link(link, note)  # type: ignore[arg-type]
    assert cell_len(joined(header.lines(width)[0])) == width


def test_narrow_crumbs_keep_the_last() -> None:
    header = StatusHeader()
    header.set_crumbs(["a-very-long-workspace-name", "Experiments", "churn"])
    assert joined(header.lines(30)[0]).strip() == "… ▸ Experiments ▸ churn"


async def test_header_clicks_and_quiet_updates() -> None:
    header = a_header()
    app = Bare(header)
    async with app.run_test(size=(80, 4), message_hook=app.seen.append) as pilot:
        await pilot.click(header, offset=(28, 1))
        await pilot.click(header, offset=(3, 0))
        await pilot.click(header, offset=(75, 0))
        await settle(pilot)
        assert [m.name for m in app.of(StatusHeader.PaneClicked)] == ["models"]
        assert [m.index for m in app.of(StatusHeader.CrumbClicked)] == [0]
        assert [m.name for m in app.of(StatusHeader.StatusClicked)] == ["alerts"]
        app.sent = 0
        header.set_tabs(TABS, "runs")
        header.set_link("live")
        await settle(pilot)
        assert app.sent == 0
        header.set_status([StatusItem("alerts 3", "warn")])
        await settle(pilot)
        assert 0 < app.sent < 800


async def test_urgent_pane_carries_a_sign_not_only_a_colour() -> None:
    header = StatusHeader()
    header.set_tabs([PaneTab("alerts", "4", "Alerts", count="2", urgent=True)], "alerts")
    assert "[4 ALERTS 2!]" in joined(header.lines(80)[1])


# -- pairs and prose -----------------------------------------------------------------------------


def test_a_long_label_is_whole_where_the_values_leave_room() -> None:
    pairs = [("average_precision", "0.4290"), ("scheduled_departure", "0.1")]
    drawn = ["".join(piece.text for piece in line) for line in KeyValue(pairs).lines(40)]
    assert drawn == ["average_precision    0.4290", "scheduled_departure  0.1"]
    assert "…" in "".join(piece.text for piece in KeyValue([*pairs, ("a", "long " * 20)]).lines(40)[0])


def test_pairs_align_and_wrap() -> None:
    panel = KeyValue([("State", "ok"), ("Dataset version", "customers@7 with 48,210 rows"), ("Note", "")])
    assert [joined(line).rstrip() for line in panel.lines(30)] == [
        "State       ok",
        "Dataset v…  customers@7 with",
        "            48,210 rows",
        "Note        –",
    ]


@given(st.lists(st.tuples(names, names), max_size=6), st.integers(8, 80))
def test_pairs_fit(pairs: list[tuple[str, str]], width: int) -> None:
    for line in KeyValue(pairs).lines(width):
        assert cell_len(joined(line)) <= width


@given(names, st.integers(2, 60))
def test_prose_fits_and_is_inert(text: str, width: int) -> None:
    for line in Paragraph(text).lines(width):
        assert cell_len(joined(line)) <= width
        assert "\x1b" not in joined(line)


# -- detail pane ---------------------------------------------------------------------------------


async def test_detail_pane_shows_every_kind_of_body() -> None:
    pane = DetailPane()
    plot = LinePlot([Series("auc", [0.8, 0.9])], rows=3)
    async with Bare(pane).run_test(size=(50, 24)) as pilot:
        await pane.show(
            [
                Section("facts", "Run 341", [Pair("State", "ok", "ok")], note="18m ago"),
                Section("note", "Note [/b]", "hostile [/b] \x1b[2J\nsecond line"),
                Section("own", "Own", Content.styled("trusted", "bold")),
                Section("plot", "Curve", plot),
                Section("bins", "Age", Histogram([Bin("young", 1, 3), Bin("old", 3, 1)])),
            ]
        )
        await settle(pilot)
        text = "\n".join(screen_text(pilot.app))
        for part in ("Run 341 ──", "── 18m ago", "State  ok", "Note [/b] ─", "hostile [/b]", "second line", "trusted"):
            assert part in text
        assert "last 0.9" in text
        assert "young  25 %" in text


async def test_detail_pane_keeps_its_widgets_and_repaints_only_what_changed() -> None:
    pane = DetailPane()
    app = Bare(pane)

    def sections(state: str, note: str) -> list[Section]:
        facts = [Pair("State", state), Pair("Rows", "10"), Pair("Model", "churn")]
        chart = Chart([Series("auc", [1, 2, len(note)])], rows=3)
        return [Section("facts", "Run", facts), Section("chart", "Curve", chart), Section("note", "Note", note)]

    async with app.run_test(size=(60, 26)) as pilot:
        await pane.show(sections("ok", "fine"))
        await settle(pilot)
        children = list(pane.children)
        app.sent = 0
        await pane.show(sections("ok", "fine"))
        await settle(pilot)
        assert app.sent == 0
        await pane.show(sections("FAIL", "fine"))
        await settle(pilot)
        assert list(pane.children) == children
        assert 0 < app.sent < 500
        await pane.show(sections("FAIL", "much longer " * 20))
        await settle(pilot)
        assert list(pane.children) == children
        assert sum("longer" in line for line in screen_text(app)) > 3
        await pane.show([Section("other", "Other", "text")])
        await settle(pilot)
        assert children[0] not in pane.children
        assert "Other" in screen_text(app)[0]


async def test_a_widget_body_may_move_between_calls() -> None:
    pane = DetailPane()
    plot = LinePlot([Series("auc", [0.8, 0.9])], rows=3)
    async with Bare(pane).run_test(size=(60, 20)) as pilot:
        await pane.show([Section("plot", "Curve", plot)])
        await pane.show([Section("note", "Note", "text"), Section("plot", "Curve", plot)])
        await settle(pilot)
        assert "last 0.9" in "\n".join(screen_text(pilot.app))
        plot.show_series([Series("auc", [0.8, 0.7])])  # it is still alive
        await settle(pilot)
        assert "last 0.7" in "\n".join(screen_text(pilot.app))
        assert [type(child).__name__ for child in pane.children][1::2] == ["Paragraph", "LinePlot"]


@pytest.mark.parametrize("focusable", [True, False])
async def test_detail_pane_takes_focus_only_when_asked(focusable: bool) -> None:
    pane = DetailPane(focusable=focusable)
    async with Bare(pane, Static("other")).run_test(size=(40, 10)) as pilot:
        await pane.show([Section("long", "Long", "\n".join(map(str, range(100))))])
        await pilot.press("tab")
        assert pane.has_focus is focusable
        if focusable:
            await pilot.press("j", "j", "ctrl+d")
            assert pane.scroll_offset.y == 12
            await pilot.press("g")
            assert pane.scroll_offset.y == 0


async def test_lines_of_a_panel_appear_as_painted() -> None:
    panel = KeyValue([("a", "1"), ("b", "2")])
    async with Bare(panel).run_test(size=(20, 5)) as pilot:
        panel.set_pairs([("a", "1"), ("b", "3"), ("c", "4")])
        await settle(pilot)
        assert [line.rstrip() for line in text_of(panel)] == ["a  1", "b  3", "c  4"]
