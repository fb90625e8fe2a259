"""The demo: a year of real flights, delivered month by month to a real workspace."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from shopfloor.client.demo.script import run_demo
from shopfloor.client.start import engine_running
from shopfloor.domain.errors import ShopfloorError
from shopfloor.workspace.layout import Layout

__all__ = ["run_demo", "start_demo"]
_TIMEOUT_SECONDS = 60.0


def start_demo(directory: Path, narrate: Callable[[str], None]) -> Path:
    """Run the demo in a process of its own, for a screen that shows it; returns when its engine runs.

    What it says is kept in a log.
    """
    log = Path(tempfile.gettempdir()) / f"shopfloor-demo-{os.getuid()}.log"
    narrate(f"The demo runs in {directory}; its log is {log}.")
    before = Layout(directory).lock.stat().st_mtime_ns if Layout(directory).lock.exists() else 0
    log.unlink(missing_ok=True)
    with open(log, "xb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW, 0o600)) as handle:
        script = subprocess.Popen(
            [sys.executable, "-m", "shopfloor", "demo", str(directory), "--headless", "--keep"],
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
        )
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if script.poll() not in {None, 0}:
            raise ShopfloorError(f"The demo did not start: {_last_line(log)}", hint=f"Its log is {log}")
        lock = Layout(directory).lock
        if lock.exists() and lock.stat().st_mtime_ns != before and engine_running(directory):
            return directory
        time.sleep(0.05)
    raise ShopfloorError("The demo's engine did not start within a minute.", hint=f"Its log is {log}")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][: os.get_terminal_size().columns if sys.stdout.isatty() else 300] if lines else ""
