"""An engine client for the SDK: answers by request type, and writes down what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from shopfloor.domain.requests.request import Request


class Engine:
    """Stands where an `EngineClient` stands."""

    def __init__(self, workspace: Path, answers: dict[type, Callable[[Any], Any]]) -> None:
        self.workspace = workspace
        self.asked: list[Request[Any]] = []
        self.closed = False
        self._answers = answers

    def ask(self, request: Request[Any], *, timeout: float = 30.0) -> Any:
        self.asked.append(request)
        return self._answers[type(request)](request)

    def close(self) -> None:
        self.closed = True
