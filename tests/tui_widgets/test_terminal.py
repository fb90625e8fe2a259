"""What a real terminal receives: no colour under `NO_COLOR`, sixteen where there are sixteen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def first_paint(env: dict[str, str]) -> bytes:
    """All bytes the showcase sends until it has painted its last line."""
    program = [sys.executable, str(ROOT / "tests/tui_widgets/showcase.py"), "list"]
    environ = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLORTERM"}}
    environ |= env | {"PYTHONPATH": f"{ROOT / 'app'}:{ROOT}"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program[0], program, environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    sent, end = b"", time.monotonic() + 20
    try:
        while b"Command" not in sent and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                sent += os.read(terminal, 65_536)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    return sent


@pytest.mark.parametrize(
    ("env", "allowed"),
    [
        ({"NO_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}, r"0?|([1247];)*39;49"),
        ({"TERM": "screen"}, r"0?|([1247];)*(39|3[0-7]|9[0-7]);49"),
    ],
)
def test_colours_on_the_wire(env: dict[str, str], allowed: str) -> None:
    sent = first_paint(env)
    assert b"Experiments" in sent
    codes = {code.decode() for code in re.findall(rb"\x1b\[([\d;]*)m", sent)}
    assert codes
    assert [code for code in codes if not re.fullmatch(allowed, code)] == []
