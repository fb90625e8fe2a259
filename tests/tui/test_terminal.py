"""The process in a real terminal: what it imports, what it leaves behind, how fast it goes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.terminal import Terminal

APP = Path(__file__).resolve().parents[2] / "app"
_HEAVY = ("duckdb", "pandas", "sklearn", "pyarrow", "starlette", "watchdog", "numpy", "scipy", "uvicorn")
_LEAVES = (b"\x1b[?1049l", b"\x1b[?1000l")
_COLOURS = re.compile(rb"\x1b\[[0-9;]*(?:38|48);[25];|\x1b\[(?:[0-9]*;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])(?:;[0-9]+)*m")
# Its engine is one that never answers, as during a long training: every thread waits when the user quits.
_PROGRAM = """
import sys, threading, time
from pathlib import Path
from shopfloor.tui.app import ShopfloorApp
class Busy:
    def __call__(self, workspace): return self
    def ask(self, request, *, timeout=30.0): time.sleep(600)
sys.exit(ShopfloorApp(Path(sys.argv[1]), Busy()).run() or 0)
"""


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    made = Terminal("-c", _PROGRAM, str(tmp_path), PYTHONPATH=str(APP), **getattr(request, "param", {}))
    made.until(b"Command")
    made.read(0.5)
    yield made
    made.close()


def test_quitting_gives_the_prompt_back_while_every_thread_waits(terminal: Terminal) -> None:
    os.write(terminal.fd, b"q")
    assert terminal.ended(60.0) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(terminal: Terminal, number: signal.Signals) -> None:
    os.kill(terminal.pid, number)
    status = terminal.ended(60.0)
    assert os.waitstatus_to_exitcode(status) == 128 + number
    assert all(sequence in terminal.seen for sequence in _LEAVES)


def test_idle_sends_nothing(terminal: Terminal) -> None:
    terminal.quiet(1.5)  # on a slow machine the first picture takes its time
    assert terminal.read(1.5) == b""


@pytest.mark.parametrize("terminal", [{"NO_COLOR": "1", "COLORTERM": "truecolor"}], indirect=True)
def test_no_color_sends_no_colour(terminal: Terminal) -> None:
    os.write(terminal.fd, b"?")
    terminal.until(b"Keys of")
    assert _COLOURS.findall(terminal.seen) == []


@pytest.mark.parametrize("terminal", [{"COLORTERM": "truecolor"}], indirect=True)
def test_a_colour_terminal_gets_colour(terminal: Terminal) -> None:
    assert _COLOURS.search(terminal.seen)  # else the test above could not fail


def test_the_process_loads_no_heavy_library() -> None:
    code = (
        "import sys, pkgutil, importlib, shopfloor.tui as t, shopfloor.client.start, shopfloor.client.demo\n"
        "for m in pkgutil.walk_packages(t.__path__, 'shopfloor.tui.'): importlib.import_module(m.name)\n"
        f"print([name for name in {_HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(APP)},
    )
    assert done.stdout.strip() == "[]"
