"""Whatever way the bytes of a keyboard are cut into packets, the same follows."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.tui.shop import FakeEngine, Shop, app_on, picture, until
from tests.waiting import let_pass_async, until_async
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.explanation import Explained, Explanation
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.requests.alerts import AlertAck
from shopfloor.domain.requests.models import ModelApprove
from shopfloor.tui import ask_with_progress, key_order
from shopfloor.tui.app import ShopfloorApp
from shopfloor.tui.keyboard import Keyboard
from shopfloor.tui.screens import pane
from shopfloor.tui.screens.pane import Pane
from shopfloor.tui.showing import AnswerScreen
from shopfloor.tui.start import run_tui
from shopfloor.tui.widgets.command_line import CommandLine
from shopfloor.tui.widgets.confirm import ConfirmDialog
from shopfloor.tui.widgets.error_dialog import ErrorDialog
from shopfloor.tui.widgets.explanation_tree import ExplanationTree
from shopfloor.tui.widgets.filter_input import FilterInput

_ESCAPE_DELAY = 0.12  # longer than Textual waits for the rest of a sequence


def terminal_app() -> tuple[FakeEngine, ShopfloorApp]:
    engine = FakeEngine(Shop())
    return engine, app_on(engine, Path(tempfile.mkdtemp()))


@pytest.fixture(scope="module", autouse=True)
def patient() -> Iterator[None]:
    """However slow the machine is, keys wait: else it would matter how long something takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_order, "_LONGEST", 120.0)
        patch.setattr(pane, "_PATIENCE", 120.0)
        yield


async def rest(app: ShopfloorApp) -> None:
    """Until every key has taken effect."""
    for _ in range(2):
        await asyncio.sleep(0)
        await until_async(lambda: not (app.is_running and app.keys.busy), every=0.002)


async def play(app: ShopfloorApp, packets: Sequence[bytes]) -> None:
    """Let the app read the packets, each once the one before has taken effect."""
    keyboard, decode = Keyboard(), getincrementaldecoder("utf-8")().decode
    for packet in packets:
        for event in keyboard.feed(decode(packet)):
            app.post_message(event)
        await rest(app)
    await let_pass_async(_ESCAPE_DELAY, "an escape sequence that goes on would have")
    for event in keyboard.tick():
        app.post_message(event)
    await rest(app)


async def seen_after(packets: Sequence[bytes]) -> dict[str, Any]:
    """What a person sees and the engine was told after the packets."""
    engine, app = terminal_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await play(app, packets)
        if app.is_running and isinstance(top := app.screen, Pane):
            await until(pilot, lambda: top.rows_stand)
        listed = [screen for stack in app._screen_stacks.values() for screen in stack if isinstance(screen, Pane)]
        return {
            "quit": app.return_value,
            "mode": app.current_mode,
            "screens": [type(screen).__name__ for screen in app.screen_stack],
            "typed": [field.value for field in app.screen.query(Input)],
            "focus": str(app.focused),
            "row": app.screen.table.cursor_key if isinstance(app.screen, Pane) else None,
            "filters": [(each.title_words, each.filter_text, each.table.marks) for each in listed],
            "orders": [(type(order), _without_id(order)) for order in engine.orders],
        }


def _without_id(order: Any) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(order).items() if name != "op_id"}


_TEXT = st.sampled_from(["already checked", "queue y n", "fl", "r1", "Quick: ä 顧客", "flights", "", "zzz"])
_PIECES = st.one_of(
    _TEXT.map(lambda text: f":{text}\r"),
    st.sampled_from(["models", "alerts", "doctor", "ack", "runs r1", "datasets", "sql select 1", "nonsense"]).map(
        lambda line: f":{line}\r"
    ),
    _TEXT.map(lambda text: f"/{text}\r"),
    _TEXT.map(lambda text: f"\x1b[200~{text}\nqy\r{text}\x1b[201~"),
    st.sampled_from(["\r\r", "\r\r\r", "\x1b" * 3, "\x1b" * 7, "\x1b\r\x1b\r", ":\r\r", "/\r\r", "?\r", "\x10\r"]),
    st.sampled_from(list("123456")),
    st.sampled_from(["3A", "3R", "3P", "1\rA", "1\r\rD", "4a", "5x", "4d", "3r", "e"]).flatmap(
        lambda keys: _TEXT.map(lambda text: keys + text)
    ),
    st.sampled_from(
        ["\x19", "\t", "\x1b[Z", "\x1b[A", "\x1b[B", "\x1b[C", "j", "G", "g", " ", "s", "c", "y", "n", "p"]
    ),
    st.sampled_from(["?retrain\r", "\x10retrain\r", "?promote\r\r", "\x10models\r\r"]),
)
_STREAMS = st.lists(_PIECES, min_size=1, max_size=6).map(lambda pieces: "".join(pieces).encode())


@settings(max_examples=3)
@given(stream=_STREAMS, places=st.lists(st.integers(0, 200), max_size=12))
@example(stream=b"3A\x1b[200~a\nq y\x1b[201~\x1bq", places=[5, 17])
@example(stream="/fl\r\x1b\x1b:Ünï\r\r\x1b2".encode(), places=[9, 10])
def test_the_cut_of_the_stream_changes_nothing(stream: bytes, places: list[int]) -> None:
    cuts = sorted({place for place in places if 0 < place < len(stream)})
    packets = [stream[first:last] for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ask_with_progress, "_SOON", 120.0)
        whole = asyncio.run(seen_after([stream]))
        assert asyncio.run(seen_after(packets)) == whole
    if b"q" not in stream.lower():
        assert whole["quit"] is None


@pytest.mark.parametrize("stream", [":sql select 1", ":\r\r\r\r", "/quit", "\x1b:q\x1b\x1b"])
async def test_what_a_sign_opens_has_all_that_follows(stream: str) -> None:
    _, app = terminal_app()
    async with app.run_test(size=(80, 24)):
        await play(app, [stream.encode()])
        assert app.is_running
        assert app._exception is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("already checked\x19", "already checked"),
        ("\x1b[200~two\nlines\x1b[201~\x19", "two lines"),
        ("yes, y n\r\r", None),
    ],
    ids=["typed", "pasted", "enter is no yes"],
)
async def test_letters_are_text_where_a_dialog_has_a_field(answer: str, reason: str | None) -> None:
    engine, app = terminal_app()
    async with app.run_test(size=(80, 24)):
        await play(app, [b"3A"])
        assert isinstance(app.screen, ConfirmDialog)
        await play(app, [answer.encode()])
        assert [order.reason for order in engine.orders if isinstance(order, ModelApprove)] == (
            [reason] if reason is not None else []
        )


class _Vanishing(Shop):
    """Alerts of which the first may be gone."""

    gone = False

    def alerts(self) -> list[AlertRecord]:
        return super().alerts()[1 if self.gone else 0 :]


async def on_the_first_alert(app: ShopfloorApp, pilot: Pilot[int]) -> None:
    await play(app, [b"4"])
    await until(pilot, lambda: isinstance(top := app.screen, Pane) and top.rows_stand and bool(top.selected))
    assert isinstance(app.screen, Pane)
    assert app.screen.table.cursor_key == "a1"


async def vanish(app: ShopfloorApp, pilot: Pilot[int], shop: _Vanishing) -> None:
    """Somebody else resolves the alert under the cursor."""
    shop.gone = True
    below = app.screen_stack[0]
    assert isinstance(below, Pane)
    below.reload()
    await until(pilot, lambda: below.table.cursor_key == "a2")


async def test_a_key_does_not_reach_the_neighbour_of_the_row_it_was_pressed_on(tmp_path: Path) -> None:
    app = app_on(FakeEngine(shop := _Vanishing()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await on_the_first_alert(app, pilot)
        pressed = Key("a", "a")
        await vanish(app, pilot, shop)
        app.post_message(pressed)
        await until(pilot, lambda: any("has just changed" in one.message for one in app._notifications))
        assert len(app.screen_stack) == 1


@pytest.mark.parametrize("opened", [":", "?"])
async def test_what_a_key_opened_is_about_its_row_to_the_end(opened: str, tmp_path: Path) -> None:
    app = app_on(engine := FakeEngine(shop := _Vanishing()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await on_the_first_alert(app, pilot)
        await play(app, [opened.encode()])
        await vanish(app, pilot, shop)
        await play(app, [b"alert ack\r\r" if opened == ":" else b"being handled\r\r"])
        await until(pilot, lambda: bool(engine.orders))
        assert [order.id for order in engine.orders if isinstance(order, AlertAck)] == ["a1"]


class _Slow(FakeEngine):
    """Takes its time over the log and over cancelling, until `freed`."""

    def __init__(self) -> None:
        super().__init__(Shop())
        self.freed = threading.Event()

    def ask(self, request: Any, *, timeout: float = 30.0) -> Any:
        if request.verb in {"job.log", "job.cancel"}:
            self.freed.wait(20)
        return super().ask(request, timeout=timeout)


async def test_a_late_result_takes_no_key_from_who_types(tmp_path: Path) -> None:
    app = app_on(engine := _Slow(), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"5"])
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"l", b":mo"])
        engine.freed.set()
        await until(pilot, lambda: any("has its answer" in one.message for one in app._notifications))
        await play(app, [b"d"])
        assert app.screen.query_one(CommandLine).value == "mod"
        await play(app, [b"\x1b"])
        await until(pilot, lambda: isinstance(app.screen, AnswerScreen))


@pytest.mark.parametrize(("place", "ref"), [(b"2", "r"), (b"3", "model:flights"), (b"4", "a"), (b"5", "j")])
async def test_a_key_explains_the_selected_row(tmp_path: Path, place: bytes, ref: str) -> None:
    app = app_on(FakeEngine(Shop()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [place])
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"h"])
        await until(pilot, lambda: isinstance(app.screen, AnswerScreen) and f"[waiting] {ref}" in picture(app))
        assert "└─ min_new_rows a message (12, limit 100)" in picture(app)


async def test_the_branches_of_an_explanation_go_on_beside_long_facts(tmp_path: Path) -> None:
    class Wordy(Shop):
        def explanation(self, ref: str) -> Explanation:
            long = [Explained(kind="note", message=f"{place} {'word ' * 40}") for place in range(30)]
            return Explanation(kind="model", ref=ref, message=f"{ref} waits.", because=tuple(long))

    app = app_on(FakeEngine(Wordy()), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"3"])
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"h"])
        await until(pilot, lambda: isinstance(app.screen, AnswerScreen) and "waits." in picture(app))
        tree = app.screen.query_one(ExplanationTree)
        drawn = ["".join(piece.text for piece in line) for line in tree.lines(tree.size.width)]
        assert all(len(line) <= tree.size.width for line in drawn)
        assert all(line.startswith(("├─ ", "│  ", "└─ 29", "   ")) for line in drawn[1:])
        assert sum(line.startswith("│  ") for line in drawn) >= 29 * 2


async def test_a_late_refusal_is_a_toast(tmp_path: Path) -> None:
    app = app_on(engine := _Slow(), tmp_path)
    engine.refuse = RefusedError("The job has ended.", hint="Nothing is left to do.")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"5"])
        await until(pilot, lambda: isinstance(app.screen, Pane) and app.screen.rows_stand)
        await play(app, [b"x", b"/fl"])
        engine.freed.set()
        await until(pilot, lambda: any("The job has ended." in one.message for one in app._notifications))
        assert not isinstance(app.screen, ErrorDialog)
        assert app.screen.query_one(FilterInput).value == "fl"


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1bq", ["escape", "q"]),
        ("\x1b:w", ["escape", "colon", "w"]),
        ("\x1b3", ["escape", "3"]),
        ("\x1b\x1b\r", ["escape", "escape", "enter"]),
        ("\x1b[A\x1bOP", ["up", "f1"]),
        ("\x1bb\x1b\x7f", ["ctrl+left", "ctrl+w"]),
    ],
)
def test_escape_and_a_key_in_one_packet_are_two_keys(sent: str, keys: list[str]) -> None:
    """Over a slow link they come together; alt with an arrow or backspace stays a key of its own."""
    assert [event.key for event in Keyboard().feed(sent) if isinstance(event, Key)] == keys


async def test_accept_says_what_it_takes_and_leaves_out(tmp_path: Path) -> None:
    class Counted(Shop):
        def files(self) -> list[FileRecord]:
            return [
                msgspec.structs.replace(one, rows=180, rejected_rows=220) if one.state is FileState.QUARANTINED else one
                for one in super().files()
            ]

    app = app_on(FakeEngine(Counted()), tmp_path)
    async with app.run_test(size=(80, 24)):
        await play(app, [b"1\r\rA"])
        assert "takes 180 rows, leaves out 220." in " ".join(picture(app).replace("│", "").split())
        await play(app, [b"\x1bT"])
        assert "Takes all 400 rows." in " ".join(picture(app).replace("│", "").split())


def test_a_crash_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual prints the traceback and returns nothing; a script that opened the screens must hear of it."""
    (tmp_path / "workspace.toml").touch()
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")  # set by `run_tui` for all that follows
    monkeypatch.setattr(ShopfloorApp, "run", lambda app: setattr(app, "_return_code", 1))
    monkeypatch.setattr("gc.disable", lambda: None)
    assert run_tui(tmp_path) == 1
