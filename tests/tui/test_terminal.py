"""The process in a real terminal: what it imports, what it leaves behind, how fast it goes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

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
    def __call__(self, workspace, *, start=True): return self
    def ask(self, request, *, timeout=30.0): time.sleep(60)
sys.exit(ShopfloorApp(Path(sys.argv[1]), Busy()).run() or 0)
"""


class Terminal:
    """A program in a pseudo-terminal of 80×24."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLORTERM"}}
            given = {**clean, "PYTHONPATH": str(APP), "TERM": "xterm-256color", **environ}
            os.execve(sys.executable, [sys.executable, "-c", _PROGRAM, str(folder)], given)
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds: float, until: bytes = b"") -> bytes:
        end, got = time.monotonic() + seconds, b""
        while time.monotonic() < end and not (until and until in self.seen):
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    part = os.read(self.fd, 65536)
                except OSError:
                    break
                got += part
                self.seen += part
        return got

    def ended(self, seconds: float) -> int:
        """The wait status, once the process is gone."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return status
        raise AssertionError(f"still running after {seconds} s")

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    made = Terminal(tmp_path, **getattr(request, "param", {}))
    made.read(15.0, until=b"Command")
    assert b"Command" in made.seen, made.seen[-500:]
    made.read(0.5)
    yield made
    made.close()


def test_quitting_gives_the_prompt_back_while_every_thread_waits(terminal: Terminal) -> None:
    began = time.monotonic()
    os.write(terminal.fd, b"q")
    assert terminal.ended(8.0) == 0
    took = time.monotonic() - began
    assert took <= 0.5 * _slowness(), f"{took:.2f} s"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(terminal: Terminal, number: signal.Signals) -> None:
    os.kill(terminal.pid, number)
    status = terminal.ended(8.0)
    assert os.waitstatus_to_exitcode(status) == 128 + number
    assert all(sequence in terminal.seen for sequence in _LEAVES)


def test_idle_sends_nothing(terminal: Terminal) -> None:
    terminal.read(0.5)
    assert terminal.read(1.5) == b""


@pytest.mark.parametrize("terminal", [{"NO_COLOR": "1", "COLORTERM": "truecolor"}], indirect=True)
def test_no_color_sends_no_colour(terminal: Terminal) -> None:
    os.write(terminal.fd, b"?")
    terminal.read(2.0, until=b"Keys of")
    assert b"Keys of" in terminal.seen
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


def _slowness() -> float:
    """How much longer than on a free machine starting Python takes now, at least 1."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return max(1.0, (time.monotonic() - began) / 0.02)
