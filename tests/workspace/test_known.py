"""A definition is read again exactly when its file says something else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from shopfloor.client.setup import init_workspace
from shopfloor.domain.errors import ConfigError
from shopfloor.statistics import metrics
from shopfloor.workspace import known
from shopfloor.workspace.known import KnownDefinitions
from shopfloor.workspace.layout import Layout


def _write(layout: Layout, target: str, *, age: float = 60.0) -> None:
    path = layout.definition("m")
    path.write_text(f'dataset = "d"\ntarget = "{target}"\n', encoding="utf-8")
    os.utime(path, (time.time() - age, time.time() - age))


def test_every_change_is_seen_and_nothing_is_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(init_workspace(tmp_path / "w"))
    monkeypatch.setattr(known, "_YOUNG_NS", 0)
    shelf = KnownDefinitions(metrics.find)

    def target() -> str:
        found = shelf.load(layout, "m")
        assert found is not None
        return found.target

    _write(layout, "a")
    first = shelf.load(layout, "m")
    assert shelf.load(layout, "m") is first
    _write(layout, "b")
    assert target() == "b"
    layout.definition("m").write_text("no toml [", encoding="utf-8")
    with pytest.raises(ConfigError):
        shelf.load(layout, "m")
    _write(layout, "c")
    assert target() == "c"
    assert shelf.names(layout) == ["m"]
    layout.definition("m").unlink()
    assert shelf.names(layout) == []
    assert shelf.load(layout, "m") is None


def test_a_file_of_this_moment_is_read_each_time(tmp_path: Path) -> None:
    layout = Layout(init_workspace(tmp_path / "w"))
    shelf = KnownDefinitions(metrics.find)
    for target in "abcabc":  # the same size, perhaps the same tick of the clock
        path = layout.definition("m")
        path.write_text(f'dataset = "d"\ntarget = "{target}"\n', encoding="utf-8")
        found = shelf.load(layout, "m")
        assert found is not None
        assert found.target == target
