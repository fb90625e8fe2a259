"""How long a person waits for the first picture.

First paint is taken in a pseudo-terminal: from exec to the last byte of the first burst that
draws the pane's title, beside a bare Textual app of one static text, both in the same run, by turns.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path

from benchmarks.figure import Figure

APP = Path(__file__).resolve().parent.parent / "app"
_PATIENCE = 30.0
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare-app-painted")
Bare().run()
"""
_OURS = """
import sys
from pathlib import Path
from shopfloor.tui.start import run_tui
sys.exit(run_tui(Path(sys.argv[1])))
"""


def first_paint(command: Sequence[str], mark: bytes, environ: dict[str, str]) -> float:
    """Seconds from exec until `mark` is on the screen of an 80×24 terminal; the process is ended then."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], list(command), environ)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while mark not in seen:
            if time.perf_counter() - began > _PATIENCE:
                raise TimeoutError(f"{command[0]} painted no {mark!r}: {seen[-300:]!r}")
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65536)
        return time.perf_counter() - began
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def run(smoke: bool) -> list[Figure]:
    """The first picture beside a bare Textual app's, by turns; medians."""
    environ = {**os.environ, "PYTHONPATH": str(APP), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environ.pop("NO_COLOR", None)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(APP)], check=True)
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="shopfloor-") as folder:
        workspace = Path(folder) / "here"
        workspace.mkdir()
        # The engine starts after the first picture; here it is refused, so that only the picture is timed.
        (workspace / "workspace.toml").write_text("", encoding="utf-8")
        (workspace / ".shopfloor").write_text("", encoding="utf-8")
        for _ in range(1 if smoke else 7):
            ours.append(first_paint([sys.executable, "-c", _OURS, str(workspace)], b"Lineage", environ))
            bare.append(first_paint([sys.executable, "-c", _BARE], b"bare-app-painted", environ))
    value, floor = statistics.median(ours), statistics.median(bare)
    return [Figure("first paint", value, "s", floor, at_most=1.3)]
