"""Themes are readable, and states are words before they are colours."""

from __future__ import annotations

import re

import pytest
from tests.tui_widgets.harness import Bare, plain_rows
from tests.tui_widgets.showcase import SCENES, Showcase, render
from textual.color import Color

from shopfloor.tui.theme import ANSI, DARK, LIGHT, MONO, STATES, THEMES, choose_theme, state_of
from shopfloor.tui.widgets.lines import LineWidget, Piece
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.tones import TONES
from shopfloor.tui.widgets.virtual_table import TableColumn, VirtualTable

TEXTS = [f"text-{name}" for name in ("primary", "secondary", "accent", "success", "warning", "error", "muted")]


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.1 contrast ratio, 1 to 21."""

    def luminance(colour: Color) -> float:
        parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_text_colour_reads_on_every_ground(theme) -> None:  # type: ignore[no-untyped-def]
    colours = theme.to_color_system().generate() | theme.variables
    background = Color.parse(colours["background"])
    cursor = background.blend(Color.parse(colours["primary"]), 0.24)
    grounds = [background, Color.parse(colours["surface"]), Color.parse(colours["panel"])]
    for name in ["foreground", *TEXTS]:
        text = Color.parse(colours[name])
        assert min(contrast(text, ground) for ground in grounds) >= 4.5, name
        assert contrast(text, cursor) >= 3.6, name
    assert contrast(Color.parse(colours["foreground"]), cursor) >= 7
    block = Color.parse(colours["block-cursor-background"])
    assert contrast(Color.parse(colours["block-cursor-foreground"]), block) >= 7


def test_states_differ_by_word_alone() -> None:
    words = {state.word for state in STATES.values()}
    assert {"ok", "warn", "FAIL", "run", "wait", "lost"} <= words
    assert len({word.lower() for word in words}) == len(words)
    assert all(state.tone in TONES for state in STATES.values())
    assert state_of("Succeeded").word == "ok"
    assert (state_of("from-the-future").word, state_of("from-the-future").tone) == ("from-the-future", "muted")


@pytest.mark.parametrize(
    ("wanted", "environ", "chosen"),
    [
        ("", {"TERM": "xterm-256color"}, DARK),
        ("auto", {"COLORTERM": "truecolor", "COLORFGBG": "0;15"}, LIGHT),
        ("auto", {"COLORTERM": "truecolor", "COLORFGBG": "15;default;0"}, DARK),
        ("light", {}, LIGHT),
        ("auto", {"TERM": "screen"}, ANSI),
        ("auto", {"TERM": "linux"}, ANSI),
        ("auto", {"TERM": "screen", "COLORTERM": "truecolor"}, DARK),
        ("dark", {"NO_COLOR": "1"}, MONO),
        ("dark", {"NO_COLOR": ""}, DARK),
        ("mono", {}, MONO),
    ],
)
def test_choice_of_theme(wanted: str, environ: dict[str, str], chosen) -> None:  # type: ignore[no-untyped-def]
    assert choose_theme(wanted, environ) == chosen.name


def test_foreign_theme_names_pass() -> None:
    assert choose_theme("nord", {}) == "nord"


class Tones(LineWidget):
    DEFAULT_CSS = "Tones { height: auto; }"

    def lines(self, width: int) -> list[list[Piece]]:
        return [[Piece(tone, tone)] for tone in ("", *TONES)]


async def test_mono_sends_no_colour_at_all() -> None:
    table = VirtualTable([TableColumn("a", "A"), TableColumn("b", "B"), TableColumn("c", "C")])
    app = Bare(table, Tones(), theme="shopfloor-mono")
    async with app.run_test(size=(80, 24)) as pilot:
        table.focus()
        table.set_rows(plain_rows(range(50)))
        table.marks = {"3"}
        await pilot.press("j", "j")
        await pilot.pause()
    codes = {code for sgr in re.findall(r"\x1b\[([\d;]*)m", "".join(app.frames)) for code in sgr.split(";")}
    assert codes <= {"", "0", "1", "2", "4", "7", "39", "49"}, codes
    assert {"1", "2", "7"} <= codes  # weight instead of colour


async def test_an_underline_ends_with_its_word() -> None:
    table = VirtualTable(
        [TableColumn("a", "A", width=8), TableColumn("b", "B", width=8), TableColumn("c", "C", width=4)]
    )
    async with Bare(table, theme="shopfloor-ansi").run_test(size=(40, 5)) as pilot:
        table.set_rows([Row("0", ("x", "y", "z")), Row("1", (Cell("lost", "lost"), "plain", "z"))])
        await pilot.pause()
        lined = [text for text, style, _ in table.render_line(2) if style is not None and style.underline]
        assert lined == ["lost"]
        assert len(list(table.render_line(1))) <= 3  # runs that look the same are one


async def test_tones_are_distinct_in_colour() -> None:
    widget = Tones()
    async with Bare(widget).run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        states = {str(widget.paint(tone).color) for tone in ("ok", "warn", "fail", "run", "wait", "lost")}
        assert len(states) == 6
        assert widget.paint("nobody defined this") == widget.paint("")


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES] + ["textual-light", "nord"])
@pytest.mark.parametrize("scene", ["news", "form"])
async def test_scenes_draw_in_every_theme(scene: str, theme: str) -> None:
    assert "</svg>" in await render(scene, (80, 24), theme)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_scenes_fit(scene: str, size: tuple[int, int]) -> None:
    app = Showcase(scene)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert len(strips) == size[1]
        assert {strip.cell_length for strip in strips} == {size[0]}
