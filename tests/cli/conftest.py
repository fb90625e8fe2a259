"""A workspace without an engine, and a client that records what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.recording import RecordingClient


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "ws"
    root.mkdir()
    (root / "workspace.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def engine(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RecordingClient]:
    """Put a recording client in place; give it other answers by verb."""

    def place(answers: dict[str, Any] | None = None) -> RecordingClient:
        client = RecordingClient(workspace, answers)
        monkeypatch.setattr("shopfloor.client.start.connect", lambda root, start=True: client)
        return client

    return place
