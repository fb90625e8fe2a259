"""HTTP to the engine of a workspace: its address is a path, not a host."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path


class SocketConnection(http.client.HTTPConnection):
    """An HTTP connection whose other end is a Unix socket. `timeout` in seconds."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("shopfloor", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket; raises `OSError` where nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
