"""The first screen in a folder without a workspace."""

from __future__ import annotations

from pathlib import Path

from tests.tui.shop import picture
from tests.waiting import until_async

from shopfloor.tui.welcome import WelcomeApp


async def test_using_the_folder_makes_a_workspace_there(tmp_path: Path) -> None:
    app = WelcomeApp(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        await until_async(lambda: not app.is_running or app.return_value is not None)
    assert app.return_value == tmp_path.resolve()
    assert (tmp_path / "workspace.toml").is_file()


async def test_quitting_writes_nothing(tmp_path: Path) -> None:
    app = WelcomeApp(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
    assert app.return_value == 0
    assert list(tmp_path.iterdir()) == []


async def test_opening_another_workspace_says_what_is_wrong_until_it_is_one(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "workspace.toml").write_text("")
    here = tmp_path / "here"
    here.mkdir()
    app = WelcomeApp(here)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert "There is no workspace" in picture(app)
        await pilot.press(*"other", "enter")
        await pilot.pause()
    assert app.return_value == other
    assert list(here.iterdir()) == []
