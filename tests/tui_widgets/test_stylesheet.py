"""Style rules are parsed once, and colours change with the theme all the same."""

from __future__ import annotations

from typing import Any

import pytest
from tests.tui_widgets.harness import Bare, settle
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.widgets import Button

from shopfloor.tui.theme import DARK, LIGHT


async def colours(app: App[Any], theme: str) -> tuple[Any, ...]:
    """What the app draws a button with under a theme."""
    async with app.run_test() as pilot:
        app.theme = theme
        await settle(pilot)
        button = app.query_one(Button)
        return button.styles.background, button.styles.color, app.screen.styles.background


async def test_a_theme_draws_the_same_as_with_rules_that_are_parsed_anew() -> None:
    for theme in (DARK.name, LIGHT.name, DARK.name):
        anew = Bare(Button("go"))
        anew.stylesheet = Stylesheet(variables=anew.get_css_variables())
        assert await colours(Bare(Button("go")), theme) == await colours(anew, theme)


async def test_a_second_app_parses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = await colours(Bare(Button("go")), LIGHT.name)

    def parse(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(Stylesheet, "_parse_rules", parse)
    assert await colours(Bare(Button("go")), LIGHT.name) == first
