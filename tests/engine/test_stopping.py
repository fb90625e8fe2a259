"""An engine that somebody stopped stays so, and one that a signal holds says so."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.harness import Shop
from tests.shell import APP, Shell
from tests.terminal import Terminal

from shopfloor.client.demo.script import DemoScript, prepare
from shopfloor.client.start import allow_start, connect, is_kept_stopped
from shopfloor.domain.errors import StoppedError, UnreachableError
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.request import Request
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown, StatusShow
from shopfloor.workspace.accounts import own_name


def test_no_client_starts_what_somebody_stopped(shop: Shop) -> None:
    shop.client.ask(Shutdown())
    shop.until(lambda: not shop.alive())
    for _ in range(3):
        with pytest.raises(StoppedError, match=rf"was stopped by {own_name()} at 20\d\d-") as caught:
            connect(shop.root)
        assert caught.value.hint == "Start it: shopfloor up"
        assert not shop.alive()
    with pytest.raises(StoppedError):
        shop.status()
    allow_start(shop.root)
    shop.start()
    assert shop.status().engine.epoch == 2
    shop.kill()
    shop.start()  # a crash is nobody's wish


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    pid = made.open(engine__workers="1")
    yield made
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass
    made("down")


def test_down_lasts_whatever_is_open_until_somebody_wants_the_engine(shell: Shell) -> None:
    screen = Terminal(
        "-c",
        f"import os, sys; os.chdir({str(shell.root)!r}); from shopfloor.cli.main import run; sys.exit(run([]))",
        columns=120,
        PYTHONPATH=str(APP),
    )
    try:
        screen.until(b"watch on")
        shell("down")
        screen.until(b"STOPPED by ")
        refused = shell("status", expect=3)
        assert "The engine was stopped by " in refused.stderr
        assert "Start it: shopfloor up" in refused.stderr
        assert "is not running" in shell("down").stderr
        screen.seen = b""
        screen.press(b":up\r")
        screen.until(b"The engine is running")
        assert shell.json("status")["engine"]["epoch"] == 2
        shell("down")
        screen.until(b"STOPPED by ")
        begun = shell("model", "list", expect=0)
        assert "This command starts it again." in begun.stderr
        assert shell.json("status")["engine"]["epoch"] == 3
    finally:
        screen.close()


def test_who_opens_the_demo_after_its_end_finds_it_working(tmp_path: Path) -> None:
    root = prepare(tmp_path / "demo")
    DemoScript(root, print).close(keep=False)
    assert not is_kept_stopped(root)


@pytest.mark.parametrize("request_", [StatusShow(), AwaitIdle(wait_s=20.0), Shutdown()], ids=lambda one: one.verb)
def test_a_held_engine_is_told_at_once_with_what_to_do(shop: Shop, request_: Request[object]) -> None:
    pid = shop.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        for client in (shop.client, connect(shop.root)):  # a kept connection, and a new one
            with pytest.raises(UnreachableError, match=rf"process {pid}\) is stopped by a signal") as caught:
                client.ask(request_, timeout=600.0)
            assert f"kill -CONT {pid}" in caught.value.hint
    finally:
        os.kill(pid, signal.SIGCONT)
    assert shop.pid() == pid


def test_who_waits_already_is_told_too(shop: Shop) -> None:
    pid, told = shop.pid(), threading.Event()
    seq = shop.status().seq

    def wait() -> None:
        with pytest.raises(UnreachableError, match="is stopped by a signal"):
            connect(shop.root).ask(EventList(after=seq + 1000, wait_s=60.0), timeout=600.0)
        told.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    threading.Event().wait(0.3)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert told.wait(60.0)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_held_engine_through_the_command_line(shell: Shell) -> None:
    pid = shell.json("status")["engine"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    for words in (["status"], ["down"], ["job", "list"]):
        told = shell(*words, expect=3).stderr
        assert f"kill -CONT {pid}" in told
        assert f"process {pid}" in told
    os.kill(pid, signal.SIGCONT)
    shell("status")


def test_an_engine_that_is_held_before_it_listens(shop: Shop) -> None:
    """It owns the workspace and has no socket yet: the one who waits for it is told as well."""
    shop.client.ask(Shutdown())
    shop.until(lambda: not shop.alive())
    allow_start(shop.root)
    holder = (
        "import sys, os, signal; from pathlib import Path; from shopfloor.runtime.ownership import Ownership; "
        "Ownership.take(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    lock = shop.root / ".shopfloor" / "run" / "owner.lock"
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", holder, str(lock)])
    try:
        os.waitpid(pid, os.WUNTRACED)
        with pytest.raises(UnreachableError, match=rf"process {pid}\) is stopped"):
            connect(shop.root)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    shop.start()
