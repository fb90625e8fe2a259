"""From a folder to the terminal face on the screen, soon."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopfloor.client.connection import EngineClient


def run_tui(workspace: Path) -> int:
    """Open the terminal face on a workspace, or the welcome where there is none; the exit code."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if not (workspace / "workspace.toml").is_file():
        from shopfloor.tui.welcome import run_welcome

        chosen = run_welcome(workspace)
        if isinstance(chosen, int):
            return chosen
        workspace = chosen
    gc.disable()  # until the first picture: imports and widgets make objects that stay, and hardly garbage
    from shopfloor.tui.app import ShopfloorApp

    app = ShopfloorApp(workspace, _connect)
    code = app.run() or 0
    from shopfloor.tui.exit_message import exit_message

    message = exit_message(app.status)
    if message:
        sys.stderr.write(f"{message}\n")
    return code


def _connect(workspace: Path, *, start: bool = True) -> EngineClient:
    """Reach the engine; imported by the thread that first needs it, after the first picture."""
    from shopfloor.client.start import connect

    return connect(workspace, start=start)
