"""What a command needs: the workspace it is about, and the engine that answers for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shopfloor.cli.output.stream import narrate
from shopfloor.domain.errors import StoppedError

if TYPE_CHECKING:
    from shopfloor.client.connection import EngineClient
    from shopfloor.domain.requests.request import Request
    from shopfloor.domain.requests.workspace import Inverse

R = TypeVar("R")


class Session:
    """One invocation. Finds the workspace and reaches the engine only when needed."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory
        self.undo: Inverse | None = None
        self._client: EngineClient | None = None

    @property
    def workspace(self) -> Path:
        """The root of the workspace; raises `NotFoundError`."""
        from shopfloor.client.locate import find_workspace

        return find_workspace(self.directory)

    def client(self, *, start: bool = True) -> EngineClient:
        """The engine of the workspace, started when `start` and none runs.

        Who types a command that needs an engine wants one, also where somebody stopped it; that is said.
        """
        if self._client is None:
            from shopfloor.client.start import allow_start, connect

            try:
                self._client = connect(self.workspace, start=start)
            except StoppedError as stopped:
                if not start:
                    raise
                narrate(f"{stopped.message} This command starts it again.")
                allow_start(self.workspace)
                self._client = connect(self.workspace)
        return self._client

    def ask(self, request: Request[R], *, timeout: float = 30.0, start: bool = True) -> R:
        """The engine's answer; raises a `ShopfloorError`. `undo` then says what takes it back."""
        from shopfloor.domain.requests.request import Mutation

        client = self.client(start=start)
        if not isinstance(request, Mutation):
            return client.ask(request, timeout=timeout)
        done = client.do(request, timeout=timeout)
        self.undo = done.undo
        answer: R = done.answer
        return answer

    def was_stopped(self) -> bool:
        """Whether somebody stopped the engine, which then is not started by just looking."""
        from shopfloor.client.start import is_kept_stopped

        return is_kept_stopped(self.workspace)

    def close(self) -> None:
        """Let the connection go."""
        if self._client is not None:
            self._client.close()
            self._client = None
