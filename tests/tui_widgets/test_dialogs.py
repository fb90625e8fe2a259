"""Dialogs and prompt lines by keyboard and mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.tui_widgets.harness import Bare, plain_rows, screen_text
from textual.screen import Screen

from shopfloor.tui.widgets.command_line import CommandLine, History, matching
from shopfloor.tui.widgets.confirm import ConfirmDialog
from shopfloor.tui.widgets.dialog import CopyRequested, DialogButton, PlainInput
from shopfloor.tui.widgets.error_dialog import ErrorDialog
from shopfloor.tui.widgets.filter_input import FilterInput
from shopfloor.tui.widgets.form import Field, FormDialog
from shopfloor.tui.widgets.help_dialog import HelpDialog, HelpRow
from shopfloor.tui.widgets.virtual_table import TableColumn, VirtualTable

PENDING = object()


async def answer_of(dialog: Screen, *keys: str, size: tuple[int, int] = (80, 24)) -> object:  # type: ignore[type-arg]
    """What `dialog` returns after `keys`; PENDING while it is still open."""
    app, got = Bare(), []  # type: ignore[var-annotated]
    async with app.run_test(size=size) as pilot:
        app.push_screen(dialog, got.append)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
    return got[0] if got else PENDING


# -- confirm -------------------------------------------------------------------------------------


def ask(**options: object) -> ConfirmDialog:
    return ConfirmDialog("Delete", "Delete version customers@3?", "It goes to the trash.", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], False),  # a stray enter does no harm
        (["space"], False),
        (["escape"], False),
        (["n"], False),
        (["y"], True),
        (["right", "enter"], True),
        (["tab", "enter"], True),
        (["tab", "left", "enter"], False),
    ],
)
async def test_confirm(keys: list[str], answer: bool) -> None:
    assert await answer_of(ask(), *keys) is answer


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter", "enter"], False),  # nothing typed: enter reaches Cancel only
        ([*list("churn"), "enter"], PENDING),
        ([*list("churn"), "enter", "enter"], True),
        ([*list("churm"), "enter", "enter"], False),
        (list("yyy"), PENDING),
        (["tab", "y"], PENDING),  # no key goes round the typed name
        ([*list("churn"), "escape"], False),
    ],
)
async def test_confirm_by_typed_name(keys: list[str], answer: object) -> None:
    assert await answer_of(ask(typed_name="churn"), *keys) is answer


async def test_confirm_names_object_and_effect_and_is_clickable() -> None:
    app, got = Bare(), []  # type: ignore[var-annotated]
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(ask(facts=[("Rows", "48,210")], confirm="Delete"), got.append)
        await pilot.pause()
        text = "\n".join(screen_text(app))
        for part in ("customers@3?", "It goes to the trash.", "48,210", "[ Cancel ]", "[ Delete ]"):
            assert part in text
        await pilot.click("#confirm")
        await pilot.pause()
    assert got == [True]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_however_long_the_evidence_is_fields_and_buttons_are_in_sight(size: tuple[int, int]) -> None:
    app, facts = Bare(), [(f"check {n}", "which explains itself in many words " * 4) for n in range(12)]
    shown = []
    async with app.run_test(size=size) as pilot:
        app.push_screen(ask(facts=facts, confirm="Delete", asks_reason=True, typed_name="customers"))
        for keys in ([], ["pagedown"] * 24):
            await pilot.press(*keys)
            await pilot.pause()
            shown.append("\n".join(screen_text(app)))
    for text in shown:
        assert all(part in text for part in ("Reason", "Type its name", "[ Cancel ]", "[ Delete ]")), text
    assert ["customers@3?" in text for text in shown] == [True, False]  # it can be read to its end


async def test_a_dialog_answers_once_however_often_its_button_is_clicked() -> None:
    app, got = Bare(), []  # type: ignore[var-annotated]
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(below := ask())
        app.push_screen(ask(), got.append)
        await pilot.pause()
        button = app.screen.query_one("#confirm", DialogButton)
        for _ in range(3):
            button.action_press()
        await pilot.pause()
        assert app.screen is below
    assert got == [True]


# -- error ---------------------------------------------------------------------------------------


async def test_error_says_what_why_and_what_to_do() -> None:
    app = Bare()
    dialog = ErrorDialog(
        "It was not taken in.", why="7 fields, expected 9.", do="Correct it.", details="line 1\nline 2"
    )
    async with app.run_test(size=(80, 24), message_hook=app.seen.append) as pilot:
        app.push_screen(dialog)
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert all(part in text for part in ("It was not taken in.", "7 fields", "Correct it.", "d Details"))
        assert "line 2" not in text
        await pilot.press("d")
        await pilot.pause()
        assert "line 2" in "\n".join(screen_text(app))
        await pilot.press("y")
        await pilot.pause()
        assert [m.text for m in app.of(CopyRequested)] == [
            "It was not taken in.\n7 fields, expected 9.\nCorrect it.\nline 1\nline 2"
        ]
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is not dialog


# -- form ----------------------------------------------------------------------------------------


def short(text: str) -> str:
    return "At most five letters." if len(text) > 5 else ""


FIELDS = [
    Field("name", "Name", required=True, help="Lower case.", check=short),
    Field("kind", "Kind", "choice", ["auto", "approval", "manual"], "approval"),
    Field("target", "Target", "choice", [f"column_{i}" for i in range(60)], "column_7"),
    Field("shadow", "Shadow", "bool", default=True),
]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ([*"churn", "enter"], {"name": "churn", "kind": "approval", "target": "column_7", "shadow": True}),
        (
            [*"ab", "down", "right", "tab", "left", "down", "space", "enter"],
            {"name": "ab", "kind": "manual", "target": "column_6", "shadow": False},
        ),
        ([*"ab", "tab", "left", "up", "enter"], {"name": "ab", "kind": "auto", "target": "column_7", "shadow": True}),
        (
            [*"ab", "tab", "m", "a", "a", "enter"],
            {"name": "ab", "kind": "approval", "target": "column_7", "shadow": True},
        ),
        ([*"ab", "escape"], None),
        (["enter"], PENDING),  # a required field is empty
        ([*"toolong", "enter"], PENDING),
        (
            [*"toolong", "enter", "backspace", "backspace", "enter"],
            {"name": "toolo", "kind": "approval", "target": "column_7", "shadow": True},
        ),
    ],
)
async def test_form(keys: list[str], answer: object) -> None:
    assert await answer_of(FormDialog("Define", FIELDS), *keys) == answer


async def test_form_says_what_is_wrong_and_goes_there() -> None:
    app = Bare()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(FormDialog("Define", FIELDS, submit="Define"))
        await pilot.pause()
        assert "Lower case." in "\n".join(screen_text(app))
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert "Name is needed." in "\n".join(screen_text(app))
        assert app.focused is app.screen.query_one("#field-0")
        await pilot.press("x")
        await pilot.click("#submit")
        await pilot.pause()
        assert not isinstance(app.screen, FormDialog)


async def test_form_checks_values_together() -> None:
    dialog = FormDialog("Define", FIELDS, check=lambda values: "Not both." if values["shadow"] else "")
    assert await answer_of(dialog, "x", "enter") is PENDING
    dialog = FormDialog("Define", FIELDS, check=lambda values: "Not both." if values["shadow"] else "")
    keys = ["x", "tab", "tab", "tab", "n", "enter"]
    assert await answer_of(dialog, *keys) == {"name": "x", "kind": "approval", "target": "column_7", "shadow": False}


async def test_a_long_form_scrolls_to_the_field_in_focus() -> None:
    fields = [Field(f"f{i}", f"Field {i}") for i in range(20)]
    app = Bare()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(FormDialog("Long", fields))
        await pilot.pause()
        assert "Field 19" not in "\n".join(screen_text(app))
        await pilot.press(*["down"] * 19)
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert "Field 19" in text
        assert "[ OK ]" in text


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("ab\x1b[2Jc", "ab\\e[2Jc"),
        ("first line\n  second line \r\n\nthird\n", "first line second line third"),
        ("one line\n", "one line"),
        ("\n\n", ""),
    ],
)
async def test_pasted_text_is_one_harmless_line(pasted: str, kept: str) -> None:
    """Nothing is lost: a reason that somebody wrote elsewhere has several lines."""
    from textual.events import Paste

    app, got = Bare(), []  # type: ignore[var-annotated]
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(FormDialog("Define", [Field("name", "Name")]), got.append)
        await pilot.pause()
        field = app.screen.query_one(PlainInput)
        field.post_message(Paste(pasted))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
    assert got == [{"name": kept}]


# -- help ----------------------------------------------------------------------------------------

HELP = [
    HelpRow("enter", "Open", "Show the run.", "open"),
    HelpRow("P", "Promote", "Make it the champion.", "promote"),
    HelpRow("r", "Retry", "Train again.", "retry", enabled=False),
    HelpRow("j k", "Move"),
]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "open"),
        (["down", "enter"], "promote"),
        ([*"champ", "enter"], "promote"),
        ([*"retry", "enter"], PENDING),
        ([*"move", "enter"], PENDING),
        ([*"nothing", "enter"], PENDING),
        (["escape"], None),
        (["?"], None),
        (["x", "?"], PENDING),
    ],
)
async def test_help(keys: list[str], answer: object) -> None:
    result = await answer_of(HelpDialog("Keys", HELP), *keys)
    assert result is answer or result == answer


# -- command line and filter ---------------------------------------------------------------------


@pytest.fixture
def prompts() -> tuple[Bare, VirtualTable, FilterInput, CommandLine]:
    table, filter_line = VirtualTable([TableColumn("a", "A")]), FilterInput()
    command = CommandLine(["runs failed", "runs lost", "retry 1"], history=["old one"])
    return Bare(filter_line, table, command), table, filter_line, command


Prompts = tuple[Bare, VirtualTable, FilterInput, CommandLine]


async def test_command_line(prompts: Prompts) -> None:
    app, table, _, command = prompts
    async with app.run_test(size=(60, 12), message_hook=app.seen.append) as pilot:
        table.set_rows(plain_rows(range(40)))
        table.focus()
        await pilot.pause()
        height = table.size.height
        command.open()
        await pilot.press(*"ru")
        await pilot.pause()
        assert screen_text(app)[-1].startswith(" :ru")
        assert "runs failed" in screen_text(app)[-3]
        assert table.size.height == height  # it moves nothing
        await pilot.press("tab", "tab")
        assert command.value == "runs lost"
        await pilot.press("shift+tab")
        assert command.value == "runs failed"
        await pilot.press("enter")
        await pilot.pause()
        assert [m.text for m in app.of(CommandLine.Submitted)] == ["runs failed"]
        assert app.focused is table
        assert not command.is_open
        command.open()
        await pilot.press("up")
        assert command.value == "runs failed"
        await pilot.press("up", "up")
        assert command.value == "old one"
        await pilot.press("down", "down")
        assert command.value == ""
        await pilot.press("escape")
        assert app.focused is table
        assert len(app.of(CommandLine.Submitted)) == 1


async def test_command_line_forwards_only_what_was_typed(prompts: Prompts) -> None:
    app, _, _, command = prompts
    async with app.run_test(size=(60, 12), message_hook=app.seen.append) as pilot:
        command.open()
        await pilot.press(*"ru", "tab")
        await pilot.pause()
        assert [m.text for m in app.of(CommandLine.Changed)] == ["r", "ru"]
        assert not [m for m in app.of(PlainInput.Changed) if m.is_forwarded]


async def test_filter_line(prompts: Prompts) -> None:
    app, table, line, _ = prompts
    async with app.run_test(size=(60, 12), message_hook=app.seen.append) as pilot:
        table.set_rows(plain_rows(range(40)))
        table.focus()
        await pilot.pause()
        line.open()
        await pilot.press(*"ok")
        line.set_info("12 of 340")
        await pilot.pause()
        assert [m.text for m in app.of(FilterInput.Changed)] == ["o", "ok"]
        first = screen_text(app)[0]
        assert first.startswith(" /ok")
        assert first.rstrip().endswith("12 of 340")
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is table
        assert line.is_open  # the filter is still set, and shown
        line.open()
        assert line.value == "ok"
        await pilot.press("escape")
        await pilot.pause()
        assert [m.text for m in app.of(FilterInput.Changed)][-1] == ""
        assert not line.is_open
        assert app.focused is table


def test_history_forgets_repetitions_and_the_oldest() -> None:
    history = History(["a", "b", "a"], limit=3)
    assert history.lines == ("a", "b")
    for line in ("c", "a", " ", "d"):
        history.add(line)
    assert history.lines == ("c", "a", "d")
    assert history.step(-1, "draft") == "d"
    assert history.step(-9, "x") == "c"
    assert history.step(9, "x") == "draft"


def test_completions_that_begin_come_first() -> None:
    words = ["list runs", "runs failed", "runs lost", "other"]
    assert matching(words, "RUNS") == ["runs failed", "runs lost", "list runs"]
    assert matching(words, "other") == []


# -- hostile -------------------------------------------------------------------------------------

WORST = [
    "[/foo] [@click=app.bell]x[/] [b ZLEX c",
    "\x1b[2J\x9b31m\x00\nsecond",
    "\u202e顧客\u200b" * 50,
    "a" + "\u0301" * 5000,
]

MAKERS: list[Callable[[str], Screen]] = [  # type: ignore[type-arg]
    lambda text: ConfirmDialog(text, text, text, facts=[(text, text)], typed_name=text, confirm=text),
    lambda text: ErrorDialog(text, why=text, do=text, details=text),
    lambda text: FormDialog(
        text, [Field("a", text, "choice", [text, "b"], text, help=text), Field("b", text, default=text)], intro=text
    ),
    lambda text: HelpDialog(text, [HelpRow(text, text, text, text)]),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_dialogs_survive_hostile_text(make: Callable[[str], Screen], size: tuple[int, int]) -> None:  # type: ignore[type-arg]
    app = Bare()
    async with app.run_test(size=size) as pilot:
        for text in WORST:
            dialog = make(text)
            app.push_screen(dialog)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in strips} == {size[0]}
            assert not any("\x1b" in strip.text for strip in strips)
            dialog.dismiss(None)


async def test_buttons_are_pressed_by_space_and_click() -> None:
    button = DialogButton("Go", id="go")
    app = Bare(button)
    async with app.run_test(size=(20, 3), message_hook=app.seen.append) as pilot:
        button.focus()
        await pilot.press("space")
        await pilot.click(button)
        button.disabled = True
        await pilot.click(button)
        await pilot.pause()
    assert len(app.of(DialogButton.Pressed)) == 2
