"""A real serving process, started and stopped."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests import forking
from tests.serving import builders
from tests.waiting import until

from shopfloor.workspace.layout import Layout

APP = Path(__file__).parents[2] / "app"
START_SECONDS = 60.0


@dataclass
class Running:
    """A server that accepts connections. `token` lets one in."""

    process: subprocess.Popen[bytes] | forking.Copy
    url: str
    port: int
    layout: Layout
    token: str

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A client with the given token, or the server's own."""
        headers = {"Authorization": f"Bearer {token or self.token}", **headers}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def predictions(self, model: str, version: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What one version answers, once that is in service."""
        with self.client() as client:

            def answered() -> dict[str, Any] | None:
                answer = client.post(f"/v1/models/{model}/predict", json={"rows": rows}).raise_for_status().json()
                return answer if answer["model_version"] == version else None

            found = until(answered, START_SECONDS, said=lambda: f"{model}@{version} does not serve")
            assert found is not None
            return list(found["predictions"])

    def stop(self) -> tuple[int, str]:
        """Ask it to end; exit code and what it wrote to stderr."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors.decode()


@contextmanager
def running(layout: Layout, *arguments: str) -> Iterator[Running]:
    """Serve a workspace on a free port."""
    secret = builders.token(layout, f"t{os.urandom(4).hex()}")
    read, write = os.pipe()
    command = [sys.executable, "-m", "shopfloor.serving", "--workspace", str(layout.root), "--port", "0"]
    process = forking.popen(
        [*command, "--ready-fd", str(write), *arguments],
        pass_fds=(write,),
        env={**os.environ, "PYTHONPATH": str(APP)},
        stderr=subprocess.PIPE,
    )
    os.close(write)
    try:
        said = _ready(read, process)
        yield Running(process, said["url"], said["port"], layout, secret)
    finally:
        os.close(read)
        if process.poll() is None:
            process.kill()
        process.communicate()


def _ready(read: int, process: subprocess.Popen[bytes] | forking.Copy) -> dict[str, Any]:
    ready, _, _ = select.select([read], [], [], START_SECONDS)
    line = os.read(read, 4096) if ready else b""
    if not line:
        process.kill()
        raise AssertionError(f"the server did not start: {process.communicate()[1].decode()}")
    found: dict[str, Any] = json.loads(line)
    return found
