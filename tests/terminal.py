"""A process in a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl


class Terminal:
    """A program in a pseudo-terminal of 24 lines."""

    def __init__(self, *words: str, columns: int = 80, **environ: str) -> None:
        """`words` are arguments of Python, `environ` is on top of this process's environment, which is made neutral."""
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLORTERM"}}
            os.execve(sys.executable, [sys.executable, *words], {**clean, "TERM": "xterm-256color", **environ})
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

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

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.fd, keys)

    def until(self, text: bytes, seconds: float = 60.0) -> None:
        """Wait until `text` was painted."""
        self.read(seconds, until=text)
        assert text in self.seen, self.seen[-2000:].decode(errors="replace")

    def quiet(self, seconds: float = 0.3, within: float = 60.0) -> None:
        """Wait until nothing was painted for some seconds: whatever was typed has been dealt with."""
        end = time.monotonic() + within
        while self.read(seconds):
            assert time.monotonic() < end, "the screen never rests"

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
