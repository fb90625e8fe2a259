"""A running engine for a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shopfloor.client.connection import EngineClient
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown


@contextmanager
def engine(**intake: str) -> Iterator[tuple[Path, EngineClient]]:
    """A new workspace with these settings of `intake`, and its engine, which is shut down in the end.

    The workspace's parent folder is the benchmark's own; `TMPDIR` chooses the disk.
    """
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-", ignore_cleanup_errors=True) as folder:
        root = init_workspace(Path(folder) / "w")
        for key, value in intake.items():
            config_set(root, f"intake.{key}", value)
        client = connect(root)
        try:
            yield root, client
        finally:
            client.ask(Shutdown())


def idle(client: EngineClient) -> None:
    """Return when nothing is left to do."""
    while not client.ask(AwaitIdle(wait_s=10.0), timeout=60.0).idle:
        pass
