"""A REST endpoint of the demo: started, called, stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from shopfloor.domain.errors import UnreachableError


class Endpoint:
    """A serving process of its own on a free port of this machine."""

    def __init__(self, workspace: Path) -> None:
        self._ready_path = workspace / ".shopfloor" / "run" / "serving.ready"
        self._ready_path.unlink(missing_ok=True)
        with open(self._ready_path, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as ready:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "shopfloor.serving",
                    "--workspace",
                    str(workspace),
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    "--ready-fd",
                    str(ready.fileno()),
                ],
                pass_fds=(ready.fileno(),),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.url = self._await_url()

    def predict(self, model: str, token: str, row: dict[str, Any]) -> dict[str, Any]:
        """One prediction; raises `UnreachableError` with the server's own words."""
        request = urllib.request.Request(
            f"{self.url}/v1/models/{model}/predict",
            data=json.dumps({"row": row}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                body: dict[str, Any] = json.load(answer)
                return body
        except urllib.error.HTTPError as error:
            raise UnreachableError(
                f"The endpoint returned an error: {error.read().decode(errors='replace')[:300]}"
            ) from error
        except OSError as error:
            raise UnreachableError(f"The endpoint does not answer: {error}.") from error

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(timeout=20)

    def _await_url(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            ready = self._ready_path.read_text().strip()
            if ready:
                where = json.loads(ready)
                return f"http://{where['host']}:{where['port']}"
            time.sleep(0.05)
        raise UnreachableError("The serving process did not start.", hint="Try it: shopfloor serve")


def has_loopback() -> bool:
    """False where not even the loopback interface is up, as in an empty network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("127.0.0.1", 9))
        except OSError:
            return False
    return True
