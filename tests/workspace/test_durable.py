"""Small files that last, and reading only what is a file."""

from __future__ import annotations

import os
from pathlib import Path

from shopfloor.workspace.durable import read_regular, replace_file


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    replace_file(file, b"text")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "folder").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    found = {name: read_regular(tmp_path / name, 10) for name in ("file", "pipe", "link", "folder", "missing")}
    assert found == {"file": b"text", "pipe": None, "link": None, "folder": None, "missing": None}
    assert read_regular(file, 3) is None
    assert len(os.listdir("/proc/self/fd")) == before
