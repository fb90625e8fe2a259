"""The command line as a person types it: in a workspace, against its real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from shopfloor.client.start import connect
from tests import forking

APP = Path(__file__).parents[1] / "app"


class Shell:
    """Runs `shopfloor` in the workspace `folder/ws`, and checks how each command ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "ws"

    def __call__(self, *words: str, expect: int | None = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = forking.run(
            [sys.executable, "-m", "shopfloor", *words],
            cwd=self.root if self.root.exists() else self.folder, input=stdin,
            env={**os.environ, "PYTHONPATH": str(APP)}, timeout=180,
        )  # fmt: skip
        assert expect in {None, done.returncode}, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: str, expect: int = 0) -> Any:
        return json.loads(self(*words, "--json", expect=expect).stdout)

    def open(self, **settings: str) -> int:
        """A new workspace with these settings (`intake__settle_seconds="0.2"`) and its engine, whose pid it returns."""
        self("init", "ws")
        for key, value in settings.items():
            self("config", "set", key.replace("__", "."), value)
        with forking.engines():
            connect(self.root).close()
        return int(self.json("status")["engine"]["pid"])

    def close(self, pid: int) -> None:
        """Stop the engine `pid`, whatever it takes."""
        try:
            self("down")
        except AssertionError:
            os.kill(pid, signal.SIGTERM)
            raise
