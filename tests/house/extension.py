"""A copy of the product with something added, used through its own command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Extended:
    """The product in a folder of its own; what is added or edited is counted."""

    def __init__(self, folder: Path) -> None:
        self.app = folder / "app"
        shutil.copytree(ROOT / "app", self.app)
        (folder / "workspace_template").symlink_to(ROOT / "workspace_template")
        self.workspace = folder / "w"
        self.touched: dict[str, set[str]] = {}
        self._adding = ""
        self.environment = {**os.environ, "PYTHONPATH": str(self.app), "NO_COLOR": "1", "COLUMNS": "120"}
        # Each command is a process: only the first one compiles what is not compiled.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    @contextmanager
    def adding(self, name: str) -> Iterator[None]:
        """What is touched meanwhile is counted under this name."""
        self._adding = name
        yield
        self._adding = ""

    def add(self, path: str, text: str) -> None:
        """A new file of the package."""
        target = self.app / "shopfloor" / path
        assert not target.exists(), f"{path} is there already"
        target.write_text(text)
        self.touched.setdefault(self._adding, set()).add(path)

    def edit(self, path: str, old: str, new: str) -> None:
        """One replacement in a file of the package."""
        target = self.app / "shopfloor" / path
        text = target.read_text()
        assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
        target.write_text(text.replace(old, new))
        self.touched.setdefault(self._adding, set()).add(path)

    def append(self, path: str, text: str) -> None:
        """More at the end of a file of the package."""
        target = self.app / "shopfloor" / path
        target.write_text(target.read_text() + text)
        self.touched.setdefault(self._adding, set()).add(path)

    def bring(self, path: str, line: str) -> None:
        """An import in a file of the package."""
        future = "from __future__ import annotations\n"
        self.edit(path, future, f"{future}\n{line}\n")

    def run(self, *words: str, fails: bool = False) -> str:
        """A command in the workspace; its standard output."""
        place = ["-w", str(self.workspace)] if words[0] != "init" else []
        done = subprocess.run(
            [sys.executable, "-m", "shopfloor", *place, *words],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=110,
        )
        assert (done.returncode != 0) is fails, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    def test(self, path: str, words: str) -> str:
        """Run the tests of a file that `words` choose over this copy; a line of the output for each."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                "-vv",
                "-o",
                f"pythonpath={self.app} {ROOT}",
                path,
                "-k",
                words,
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=110,
        )
        return done.stdout

    def ask(self, *words: str) -> Any:
        """A command's JSON."""
        return json.loads(self.run(*words, "--json"))

    def open(self) -> None:
        """A workspace that settles at once."""
        self.run("init", str(self.workspace))
        self.run("config", "set", "intake.settle_seconds", "0.2")
        self.run("config", "set", "engine.workers", "1")

    def close(self) -> None:
        """End the engine."""
        if self.workspace.exists():
            self.run("down")
