"""From a folder to the terminal face on the screen, soon."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.text import safe

if TYPE_CHECKING:
    from shopfloor.client.connection import EngineClient
    from shopfloor.domain.status import Status

_NAMED = 3
"""So many running jobs are named in the line that stays in the shell."""


def run_tui(workspace: Path) -> int:
    """Open the terminal face on a workspace, or the welcome where there is none; the exit code."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from shopfloor.tui.keyboard import use_keyboard

    use_keyboard()
    if not (workspace / "workspace.toml").is_file():
        from shopfloor.tui.welcome import run_welcome

        chosen = run_welcome(workspace)
        if isinstance(chosen, int):
            return chosen
        workspace = chosen
    gc.disable()  # until the first picture: imports and widgets make objects that stay, and hardly garbage
    from shopfloor.tui.app import ShopfloorApp

    app = ShopfloorApp(workspace, _connect)
    app.run()
    code = app.return_code or app.return_value or 0  # Textual's own code is 1 after a crash
    message = farewell(app.status)
    if message:
        sys.stderr.write(f"{message}\n")
    return code


def farewell(status: Status | None) -> str:
    """What goes on in the background now that nobody looks; empty when nothing does."""
    if status is None or not status.jobs.running + status.jobs.queued:
        return ""
    busy = status.jobs.running + status.jobs.queued
    named = ", ".join(safe(one, 60) for one in status.running[:_NAMED])
    jobs = "job keeps" if busy == 1 else "jobs keep"
    message = f"{busy} {jobs} running (engine pid {status.engine.pid})"
    return f"{message}{': ' + named if named else ''}. See: shopfloor status"


def _connect(workspace: Path) -> EngineClient:
    """Reach the engine; imported by the thread that first needs it, after the first picture."""
    from shopfloor.client.start import connect

    return connect(workspace)
