"""Starting an engine next to one that ends, or one that was quicker."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopfloor.client import start
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.errors import UnreachableError
from shopfloor.domain.requests.workspace import Shutdown, StatusShow
from shopfloor.workspace.layout import Layout


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    root = init_workspace(tmp_path / "shop")
    config_set(root, "engine.workers", "1")
    Layout(root).create()
    yield root
    try:
        connect(root, start=False).ask(Shutdown())
    except UnreachableError:
        pass


class Owner:
    """What owns a workspace and answers nothing: an engine that was killed and is not yet gone."""

    def __init__(self, root: Path) -> None:
        self._handle = os.open(Layout(root).lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def go(self) -> None:
        os.close(self._handle)


def test_an_engine_is_started_when_a_dying_one_lets_go(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Owner(workspace)
    monkeypatch.setattr(start, "_TIMEOUT_SECONDS", 120.0)
    dying = threading.Timer(0.7, owner.go)
    dying.start()
    status = connect(workspace).ask(StatusShow())
    assert not dying.is_alive()
    assert status.engine.pid != os.getpid()


def test_an_owner_that_never_answers_is_told(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_TIMEOUT_SECONDS", 1.0)
    owner = Owner(workspace)
    try:
        with pytest.raises(UnreachableError, match="has not answered within 1 s"):
            connect(workspace)
    finally:
        owner.go()
