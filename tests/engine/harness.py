"""A workspace with a real engine, for tests of the whole line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import forking
from tests.waiting import until

from shopfloor.client.connection import EngineClient
from shopfloor.client.deliver import deliver
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import allow_start, connect, engine_running
from shopfloor.domain.errors import ShopfloorError, UnreachableError
from shopfloor.domain.event import Event
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown, StatusShow
from shopfloor.domain.status import Status


def _connect(workspace: Path) -> EngineClient:
    with forking.engines():
        return connect(workspace)


class Shop:
    """One workspace and a client of its engine."""

    def __init__(self, directory: Path, *, settle_seconds: float = 0.2, **settings: str) -> None:
        """`settings` as `intake__reserve_mb="1"`."""
        self.root = init_workspace(directory)
        for key, value in settings.items():
            config_set(self.root, key.replace("__", "."), value)
        config_set(self.root, "intake.settle_seconds", str(settle_seconds))
        config_set(self.root, "intake.scan_seconds", "1.0")
        config_set(self.root, "engine.workers", "1")
        self.client = _connect(self.root)

    def write(self, folder: str, name: str, content: str | bytes) -> Path:
        """Drop a file, by one rename."""
        target = self.root / folder
        target.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        partial = target / f".{os.urandom(6).hex()}.part"
        partial.write_bytes(data)
        partial.rename(target / name)
        return target / name

    def deliver(self, files: Sequence[Path], folder: str) -> None:
        deliver(self.root, files, folder)

    def settle(self, seconds: float = 90.0) -> None:
        """Until nothing is left to do."""
        until(self._is_idle, seconds, said=lambda: self.events()[-15:])

    def _is_idle(self) -> bool:
        try:
            return self.client.ask(AwaitIdle(wait_s=5.0), timeout=60.0).idle
        except UnreachableError:
            self.client = _connect(self.root)
            return False

    def look(self) -> None:
        """Let the engine look at its settings and drop folders now; then it knows every file that is there."""
        self.client.ask(AwaitIdle(wait_s=0.0), timeout=60.0)

    def until(self, ready: Callable[[], bool], seconds: float = 90.0) -> None:
        """Wait for something that the engine does by itself; what is asked for may not be there yet."""
        until(ready, seconds, said=lambda: self.events()[-15:], despite=(ShopfloorError,))

    def status(self) -> Status:
        return self.client.ask(StatusShow())

    def events(self, kind: str = "") -> list[Event]:
        found = self.client.ask(EventList(tail=5000)).rows
        return [event for event in found if event.kind.startswith(kind)]

    def pid(self) -> int:
        return self.status().engine.pid

    def kill(self) -> None:
        """`kill -9` the engine, as a power cut or the OOM killer would."""
        os.kill(self.pid(), signal.SIGKILL)
        until(lambda: not engine_running(self.root))

    def alive(self) -> bool:
        """Whether an engine owns the workspace."""
        return engine_running(self.root)

    def start(self) -> None:
        """Another engine, also where `close` stopped the one before."""
        self.client.close()
        allow_start(self.root)
        self.client = _connect(self.root)

    def close(self) -> None:
        if not self.root.exists():  # its engine has ended with it
            return
        try:
            self.client.ask(Shutdown())
        except UnreachableError:
            return
        until(lambda: not engine_running(self.root), said=lambda: "the engine did not stop")
