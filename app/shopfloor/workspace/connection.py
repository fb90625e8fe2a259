"""HTTP to the engine of a workspace: its address is a path, not a host."""

from __future__ import annotations

import http.client
import select
import socket
import struct
import threading
import time
from pathlib import Path
from typing import NamedTuple

from shopfloor.domain.wire import PROTOCOL, PROTOCOL_HEADER, RETRY_HEADER
from shopfloor.workspace.process import ProcessState, process_state

_LOOK_SECONDS = 1.0  # how often a silent process is looked at


class PeerStopped(TimeoutError):
    """The process at the other end is held by a signal: it will not answer before it goes on."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} is stopped")
        self.pid = pid


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

    @property
    def peer(self) -> int:
        """The id of the process that listens; 0 for one that this process cannot see."""
        credentials = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", credentials)[0]
        return pid

    def check_peer(self) -> None:
        """Raises `PeerStopped`."""
        if self.peer and process_state(self.peer) is ProcessState.STOPPED:
            raise PeerStopped(self.peer)

    def await_answer(self, seconds: float) -> None:
        """Return when there is something to read; raises `PeerStopped`, and `TimeoutError` after `seconds`."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if poll.poll(1000 * min(left, _LOOK_SECONDS)):
                return
            self.check_peer()
        raise TimeoutError


class Answered(NamedTuple):
    """The engine's answer as received; `retry_after` in seconds as text, where it is given."""

    status: int
    body: bytes
    retry_after: str


class KeptConnections:
    """Posts over a Unix socket, on one connection that each thread keeps."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout: float) -> Answered:
        """The answer; raises `TimeoutError` without one in `timeout` seconds, `PeerStopped` as soon as there will be
        none, else `OSError` or `HTTPException`.

        A kept connection ends with the engine that it led to, so there is one fresh try: what is posted
        may be sent twice and has to be something that the engine does once.
        """
        kept = self._kept is not None
        for last in (not kept, True):
            try:
                return self._send(path, body, headers, timeout)
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if last or isinstance(error, TimeoutError):
                    raise
        raise AssertionError("the last try answers or raises")

    def close(self) -> None:
        """Close this thread's connection."""
        if self._kept is not None:
            self._kept.close()
            self._local.connection = None

    @property
    def _kept(self) -> SocketConnection | None:
        return getattr(self._local, "connection", None)

    def _send(self, path: str, body: bytes, headers: dict[str, str], timeout: float) -> Answered:
        connection = self._kept
        if connection is None:
            connection = self._local.connection = SocketConnection(self._path, timeout)
        connection.timeout = timeout
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(timeout)
        connection.check_peer()
        connection.request("POST", path, body, {**headers, PROTOCOL_HEADER: PROTOCOL})
        connection.await_answer(timeout)
        response = connection.getresponse()
        return Answered(response.status, response.read(), response.getheader(RETRY_HEADER, ""))
