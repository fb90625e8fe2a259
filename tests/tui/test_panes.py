"""The terminal face driven by keys, over an engine made of records."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.tui.shop import FakeEngine, Shop, app_on, picture, until
from tests.tui_widgets.harness import HOSTILE
from textual.pilot import Pilot

from shopfloor.actions.command import parse_command
from shopfloor.actions.registry import by_name, for_scope
from shopfloor.domain.errors import RefusedError, StoppedError
from shopfloor.domain.file import FileRecord
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.requests.alerts import AlertAck, AlertSnooze
from shopfloor.domain.requests.datasets import DatasetDefine
from shopfloor.domain.requests.files import FileAccept, FileDiscard, FileRetry
from shopfloor.domain.requests.jobs import JobCancel, JobLogText
from shopfloor.domain.requests.models import ModelApprove, ModelDefine, ModelRollback, ModelTrain
from shopfloor.tui.screens.datasets import DatasetsPane
from shopfloor.tui.screens.experiments import ExperimentsPane
from shopfloor.tui.screens.lineage import LineagePane
from shopfloor.tui.screens.models import ModelsPane
from shopfloor.tui.screens.pane import Pane
from shopfloor.tui.widgets.command_line import CommandLine
from shopfloor.tui.widgets.detail_pane import DetailPane
from shopfloor.tui.widgets.line_plot import LinePlot
from shopfloor.tui.widgets.virtual_table import VirtualTable

SIZES = [(80, 24), (120, 40)]


async def ready(pilot: Pilot[int], text: str = "") -> None:
    """The pane on screen has its rows (or `text`)."""
    app = pilot.app

    def there() -> bool:
        screen = app.screen
        if text:
            return text in picture(app)
        return isinstance(screen, Pane) and bool(screen.query(CommandLine)) and screen.table.row_count > 0

    await until(pilot, there)


async def go(pilot: Pilot[int], *keys: str) -> None:
    await ready(pilot)
    for key in keys:
        await pilot.press(key)
        await ready(pilot)


_SHORT = [text for text in HOSTILE if len(text) < 40]
_GROUPS = {
    "markup": ("[@click=app.quit()]x[/]", "[/x].csv"),
    "escape": ("\x1b]0;owned\x07\x1b[2J", "two\nlines\r\n\x1b[31m"),
    "short": (" ".join(_SHORT), "".join(_SHORT)),
    "rtl": ("\u202egnp.exe", "שלום \u2067مرحبا\u2069 " * 9),
    "long": ("x" * 300, "a" + "\u0301" * 5000),
    "wide": ("顧客データ一覧の長い名前", "👩\u200d🚀👍🏽 ok\ufe0f" * 20),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("group", _GROUPS)
async def test_hostile_text_everywhere_does_nothing(group: str, size: tuple[int, int], tmp_path: Path) -> None:
    name, said = _GROUPS[group]
    app = app_on(FakeEngine(Shop(name=name, said=said)), tmp_path)
    async with app.run_test(size=size) as pilot:
        for key in "0123456" if size[0] > 100 else "05":
            await go(pilot, key)
            assert not {char for char in picture(app) if ord(char) < 32 and char != "\n"}
            await pilot.click(offset=(30, 12 if key == "0" else 4))
            assert app.is_running
        await go(pilot, "1")
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        assert app.is_running
        assert not {char for char in picture(app) if ord(char) < 32 and char != "\n"}


@pytest.mark.parametrize(
    ("keys", "answers", "order", "checks"),
    [
        (("3", "A"), ("ctrl+y",), ModelApprove, {"ref": "flights@3"}),
        (("3", "r"), ("enter",), ModelTrain, {"name": "flights"}),
        (("4", "a"), ("enter",), AlertAck, {"id": "a1"}),
        (("4", "w"), ("enter",), AlertSnooze, {"id": "a1"}),
        (("5", "x"), (), JobCancel, {"id": "j7"}),
    ],
    ids=["approve", "retrain", "ack", "snooze", "cancel"],
)
async def test_key_reaches_the_engine(
    keys: tuple[str, ...], answers: tuple[str, ...], order: type[Any], checks: dict[str, Any], tmp_path: Path
) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, keys[0])
        await pilot.press(keys[1])
        for answer in answers:
            await until(pilot, lambda: len(app.screen_stack) > 1)
            await pilot.press(answer)
        await until(pilot, lambda: bool(engine.orders))
        assert isinstance(engine.orders[0], order)
        assert {name: getattr(engine.orders[0], name) for name in checks} == checks


async def test_approve_shows_the_evidence_and_enter_means_cancel(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "3")
        await pilot.press("A")
        await ready(pilot, "candidate")
        shown = picture(app)
        assert "v3" in shown
        assert "1 of 3 checks passed" in shown
        assert "slices" in shown
        assert "shopfloor model approve flights@3" in shown
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert engine.orders == []


async def test_rollback_wants_the_typed_name_and_keeps_the_reason(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "3")
        await pilot.press("R")
        await ready(pilot, "comes back")
        await pilot.press(*"flight", "enter", "enter")  # not the whole name: goes to Cancel
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert engine.orders == []
        await pilot.press("R")
        await ready(pilot, "comes back")
        await pilot.press("shift+tab", *"drift", "tab", *"flights", "enter", "enter")
        await until(pilot, lambda: bool(engine.orders))
        found = engine.orders[0]
        assert isinstance(found, ModelRollback)
        assert (found.name, found.reason) == ("flights", "drift")


async def test_defining_a_model_offers_the_columns(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "1")
        await pilot.press("n")
        await ready(pilot, "Target")
        assert "late" in picture(app)
        assert "Define and train ]" in picture(app)  # the button is in sight at 24 lines
        await pilot.press("enter")
        await until(pilot, lambda: bool(engine.orders))
        found = engine.orders[0]
        assert isinstance(found, ModelDefine)
        made = found.definition
        assert (made.name, made.dataset, made.target, made.time) == ("flights-model", "flights", "late", None)


@pytest.mark.parametrize(("key", "kind"), [("r", FileRetry), ("A", FileAccept), ("D", FileDiscard)])
async def test_quarantine_is_a_work_list(key: str, kind: type[Any], tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "1", "enter")
        assert app.screen.table.cursor_key == "f2"  # type: ignore[attr-defined]
        await ready(pilot, "Why it is quarantined")
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen_stack) > 2)
        if kind is FileRetry:
            await ready(pilot, "Delimiter")
            await pilot.press("enter")  # with nothing filled in: as the contract says
        else:
            await pilot.press("ctrl+y")
        await until(pilot, lambda: bool(engine.orders))
        assert isinstance(engine.orders[0], kind)


async def test_retry_can_keep_its_settings_for_all_files(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "1")
        await pilot.press("enter")
        await ready(pilot, "intake")
        await pilot.press("enter")
        await ready(pilot, "quarantined")
        await ready(pilot)
        await pilot.press("r")
        await ready(pilot, "Delimiter")
        before_keep = len(by_name("file.retry").inputs) - 1
        await pilot.press("semicolon", *["tab"] * before_keep, "space", "enter")
        await until(pilot, lambda: bool(engine.orders))
        order = engine.orders[0]
        assert isinstance(order, FileRetry)
        assert (order.keep, order.parser.delimiter) == (True, ";")


@pytest.mark.parametrize("size", SIZES)
async def test_intake_rules_begin_with_those_in_force_and_send_what_is_filled_in(
    size: tuple[int, int], tmp_path: Path
) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=size) as pilot:
        await go(pilot, "1")
        await pilot.press("i")
        await ready(pilot, "Fresh hours")
        shown = picture(app)
        for label in ("Mode", "Corrected", "Repeated", "Originals", "Fewest rows", "Most rows", "Band"):
            assert label in shown
        assert "● no" in shown.split("Repeated")[1].splitlines()[0]
        await pilot.press(*["tab"] * 9, *"200")
        await ready(pilot, "A file with fewer rows is held. Now 100; empty keeps it.")
        await pilot.press(*["tab"] * 3, *"26", "enter")
        await until(pilot, lambda: bool(engine.orders))
        order = engine.orders[0]
        assert isinstance(order, DatasetDefine)
        assert (order.min_rows, order.fresh_hours, order.max_rows, order.repeated) == (200, 26.0, None, False)


class _Burst(Shop):
    """Files of one dataset, as many as `arrived` says by now."""

    arrived = 7_000

    def files(self) -> list[FileRecord]:
        return self.burst(self.arrived)


async def test_every_file_of_a_burst_is_in_the_list_and_the_oldest_that_is_held_on_top(tmp_path: Path) -> None:
    app = app_on(FakeEngine(_Burst()), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "1", "enter")
        await ready(pilot, "files, 1 to look at")
        table = app.screen.query_one(VirtualTable)
        assert (table.cursor_key, table.row_count) == ("f1", 7_000)
        await pilot.press("G")
        await until(pilot, lambda: table.cursor_key == "f2")
        await ready(pilot, "part-2.csv")


async def test_the_cursor_stays_with_its_file_while_thousands_come_in_above(tmp_path: Path) -> None:
    shop = _Burst()
    app = app_on(FakeEngine(shop), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "1", "enter", "j", "j", "j")
        table = app.screen.query_one(VirtualTable)
        assert table.cursor_key == "f6998"
        shop.arrived = 17_000
        await pilot.press("ctrl+r")
        await until(pilot, lambda: table.row_count == 17_000)
        assert table.cursor_key == "f6998"
        assert "part-6998.csv" in picture(app)
        assert app.screen.selected.id == "f6998"  # type: ignore[attr-defined]


async def test_who_watches_the_top_sees_the_newest_file_but_one_that_is_held_keeps_the_cursor(tmp_path: Path) -> None:
    shop = _Burst()
    app = app_on(FakeEngine(shop), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "1", "enter")
        table = app.screen.query_one(VirtualTable)
        shop.arrived = 7_500
        await pilot.press("ctrl+r")
        await until(pilot, lambda: table.row_count == 7_500)
        assert table.cursor_key == "f1"
        await pilot.press("slash", *"part-7", "enter")  # leaves out the one that is held
        await until(pilot, lambda: table.cursor_key == "f7500")
        shop.arrived = 7_600
        await pilot.press("ctrl+r")
        await until(pilot, lambda: table.cursor_key == "f7600")


class _Flood(Shop):
    """Three thousand open alerts."""

    def alerts(self) -> list[AlertRecord]:
        first = super().alerts()[0]
        return [msgspec.structs.replace(first, id=f"a{n}", subject=f"model-{n}") for n in range(3000, 0, -1)]


async def test_every_alert_of_a_flood_can_be_reached_and_acted_on(tmp_path: Path) -> None:
    engine = FakeEngine(_Flood())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "4")
        table = app.screen.query_one(VirtualTable)
        assert table.row_count == 3000
        await pilot.press("G")
        await ready(pilot, "model-1 ")
        await until(pilot, lambda: getattr(app.screen.selected, "id", "") == "a1")  # type: ignore[attr-defined]
        await pilot.press("a")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press("enter")
        await until(pilot, lambda: bool(engine.orders))
        assert isinstance(engine.orders[0], AlertAck)
        assert engine.orders[0].id == "a1"


async def test_a_refusal_says_what_why_and_what_to_do(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    engine.refuse = RefusedError("The gate forbids it.", hint="Give a reason.")
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "5")
        await pilot.press("x")
        await ready(pilot, "Action failed")
        shown = picture(app)
        assert "Cancel was not done." in shown
        assert "The gate forbids it." in shown
        assert "Give a reason." in shown
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_unavailable_action_gives_its_reason(tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "5")
        await pilot.press("r")
        await until(pilot, lambda: any("only a failed job" in one.message for one in app._notifications))


async def test_marks_compare_escape_goes_one_step_back(tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "2")
        await pilot.press("space", "down", "space", "c")
        await ready(pilot, "ONLY WHAT DIFFERS")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("escape")  # the marks go
        assert not app.screen.table.marks  # type: ignore[attr-defined]
        await pilot.press("escape")  # then home
        await until(pilot, lambda: app.current_mode == "home")
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("q")
    assert app.return_value == 0


async def test_any_version_shows_its_rows_and_columns(tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "1")
        await pilot.press("h")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await ready(pilot)
        ref = app.screen.table.cursor_key  # type: ignore[attr-defined]
        await pilot.press("w")
        await ready(pilot, "a long column name")
        assert picture(app).count(str(ref)) == 2  # in the crumbs, and the row itself
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("u")
        await ready(pilot, f"value of {ref}")
        assert "~5,000" in picture(app)
        assert "standard error of 2.2 %" in " ".join(picture(app).split())


@pytest.mark.parametrize("size", SIZES)
async def test_two_marked_versions_are_compared_row_by_row(size: tuple[int, int], tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=size) as pilot:
        await go(pilot, "1")
        await pilot.press("h")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await ready(pilot)
        await pilot.press("c")
        await until(pilot, lambda: any("Mark two versions" in one.message for one in app._notifications))
        await pilot.press("space", "down", "space", "c")
        await ready(pilot, "flight=17")
        shown = picture(app)
        for words in (
            "flights: a message → –",
            "- flight=18",
            "+ flight=19",
            "(2 times)",
            "by flight",
            "1 row changed",
        ):
            assert words in shown, shown
        assert "1 column with the same figures" in shown
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 2)


@pytest.mark.parametrize(("width", "apart"), [(120, False), (160, True)])
async def test_pictures_have_a_column_of_their_own_where_there_is_room(width: int, apart: bool, tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(width, 48)) as pilot:
        await go(pilot, "3")
        await ready(pilot, "The gate on v")
        shown = app.screen.query_one("#pictures", DetailPane)
        assert shown.display is apart
        assert bool(shown.query(LinePlot)) is apart
        table = app.screen.query_one(VirtualTable)
        last = table._slots[-1]
        assert last.x + last.width <= table.size.width  # the list gave way, and so did its columns
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: not shown.display)


async def test_a_slow_answer_says_that_it_is_at_work(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "2")
        fast, freed = engine.ask, threading.Event()

        def slow(request: Any, *, timeout: float = 30.0) -> Any:
            if request.verb == "job.log":
                freed.wait(10)
            return fast(request, timeout=timeout)

        engine.ask = slow  # type: ignore[method-assign]
        await pilot.press("l")
        await until(pilot, lambda: [one.message for one in app._notifications] == ["Log: working…"])
        freed.set()
        await ready(pilot, "Log of j7")
        assert not list(app._notifications)


async def test_the_log_of_a_running_job_goes_on_by_itself(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    answers = [
        JobLogText(id="j7", lines=("the first line",), end=10, ended=False),
        JobLogText(id="j7", lines=("the second line",), end=20, ended=False),
        JobLogText(id="j7", lines=("the last line",), end=30),
    ]
    asked: list[int] = []
    usual = engine.ask

    def ask(request: Any, *, timeout: float = 30.0) -> Any:
        if request.verb != "job.log":
            return usual(request, timeout=timeout)
        asked.append(request.after)
        return answers.pop(0)

    engine.ask = ask  # type: ignore[method-assign]
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "2")
        await pilot.press("l")
        await ready(pilot, "the last line")
        assert all(text in picture(app) for text in ("Log of j7", "the first line", "the second line"))
        assert asked == [0, 10, 20]


async def test_an_engine_that_somebody_stopped_is_told_with_the_way_back(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(120, 24)) as pilot:
        await ready(pilot)
        engine.stopped = StoppedError("ana", datetime(2026, 6, 30, 14, 5, tzinfo=UTC))
        await ready(pilot, "STOPPED by ana at 14:05; :up starts it")
        engine.stopped = None
        await until(pilot, lambda: "STOPPED" not in picture(app))


@pytest.mark.parametrize(("key", "first"), [("s", ("created_at", True)), ("ss", ("model", False))])
async def test_sorting_begins_with_the_greatest_number_or_the_first_letter(
    key: str, first: tuple[str, bool], tmp_path: Path
) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "2")
        table = app.screen.query_one(VirtualTable)
        table.sort = ("duration_s", True)
        await pilot.press(*key)
        await until(pilot, lambda: table.sort == first)


async def test_palette_acts_on_the_record_whose_detail_is_open(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "3")
        await pilot.press("enter")
        await ready(pilot, "The gate on v")
        await pilot.press("ctrl+p")
        await ready(pilot, "An action, or the name of")
        assert "\U0001f50e" not in picture(app)
        await pilot.press(*"retrain")
        await ready(pilot, "Train now")
        await pilot.press("enter")
        await ready(pilot, "Retrain flights")
        await pilot.press("enter")
        await until(pilot, lambda: any(isinstance(order, ModelTrain) for order in engine.orders))


async def test_filter_says_how_many_of_how_many_and_how_to_leave_it(tmp_path: Path) -> None:
    engine = FakeEngine(Shop(count=5))
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "2")
        whole = len(engine.shop.runs())
        await ready(pilot, "r3")
        await pilot.press("/", *"r3", "enter")
        await until(pilot, lambda: f"1 of {whole}" in picture(app))
        assert "esc All rows" in picture(app).splitlines()[-1]
        await pilot.press("/", *"zzz", "enter")
        await until(pilot, lambda: f"0 of {whole}" in picture(app))
        assert "Compare" not in picture(app).splitlines()[-1]
        await pilot.press("escape")
        await ready(pilot, "r3")


async def test_filter_takes_every_letter_and_escape_clears_it(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "5")
        await pilot.press("/", *"alert x")
        await until(pilot, lambda: app.screen.filter_text == "alert x")  # type: ignore[attr-defined]
        assert engine.orders == []  # x and r are letters here, not actions
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.filter_text == "")  # type: ignore[attr-defined]
        assert app.current_mode == "activity"


async def test_a_filter_that_is_not_understood_says_so_in_the_list(tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "2")
        await pilot.press("slash", *"acu>1")
        await ready(pilot, "Runs have no field 'acu'.")
        await ready(pilot, "Did you mean auc?")
        await ready(pilot, "invalid filter")
        await pilot.press("escape")
        await ready(pilot)


async def test_command_line_help_and_unknown_command(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "0")
        await pilot.press(":", *"models", "enter")
        await until(pilot, lambda: app.current_mode == "models")
        await ready(pilot)
        await pilot.press(":", *"nonsense", "enter")
        await ready(pilot, "There is no command")
        await pilot.press("escape", "?")
        await ready(pilot, "Keys of Models")
        await pilot.press(*"retrain", "enter")
        await ready(pilot, "Retrain flights")  # the help ran the action


async def test_lost_link_is_shown_and_heals(tmp_path: Path) -> None:
    engine = FakeEngine(Shop())
    app = app_on(engine, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "3")
        engine.down.set()
        await ready(pilot, "LOST")
        assert "flights" in picture(app)  # what was known stays
        await pilot.press("1", "2", "4")
        engine.down.clear()
        await until(pilot, lambda: "LOST" not in picture(app))
        await go(pilot, "4")
        assert app.is_running


async def test_export_and_copy(tmp_path: Path) -> None:
    app = app_on(FakeEngine(Shop(said="=cmd()")), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, "4")
        await pilot.press("y")
        kept = tmp_path / ".shopfloor" / "run" / "last-copy.txt"
        await until(pilot, kept.exists)
        assert kept.read_text() == "a1"
        target = tmp_path / "out.csv"
        await pilot.press(":", *f"w {target}", "enter")
        await until(pilot, target.exists)
        assert "'=cmd()" in target.read_text()  # no formula for a spreadsheet


async def test_nothing_is_asked_twice_when_nothing_changes(tmp_path: Path) -> None:
    """An idle screen costs nothing: no repaint between two quiet moments."""
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "3")
        await ready(pilot, "The gate on v")
        painted: list[object] = []
        show = app._display

        def count(screen: Any, renderable: Any) -> None:
            if renderable is not None:
                painted.append(renderable)
            show(screen, renderable)

        app._display = count  # type: ignore[method-assign]
        for _ in range(5):  # a busy machine may still be drawing what came last
            painted.clear()
            await pilot.pause(0.8)
            if not painted:
                break
        assert painted == []


@pytest.mark.parametrize("pane", [DatasetsPane, ExperimentsPane, ModelsPane, LineagePane])
def test_what_an_empty_pane_advises_can_be_done_there(pane: type[Pane]) -> None:
    keys = re.findall(r" {2}(\w) {2}| (\w) (?=\))", pane.empty_text)
    for key in (one or other for one, other in keys):
        assert any(each.key == key for each in for_scope(pane.scope)), key
    for command in re.findall(r":(\w+ [^\n]*)", pane.empty_text):
        parse_command(command)
