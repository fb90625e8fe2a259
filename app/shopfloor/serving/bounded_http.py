"""HTTP/1.1 with bounds: a connection may not send headers for ever, nor hold a place for nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_BYTES = 64 << 10
HEAD_SECONDS = 10.0
CONNECTIONS = 4096


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on the size and duration of a request's head and on the number
    of connections. The body's limits are the application's, which knows the path."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one connection too many, without a word: there is no room for words."""
        self._in_head = True
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; answer a head that is too large with 431."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        if self._head_bytes > HEAD_BYTES:
            self._refuse(
                431,
                "head_too_large",
                f"The headers are larger than {HEAD_BYTES >> 10} kB.",
                "Send fewer or shorter ones.",
            )
        elif self._head_bytes:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole: its deadline is met."""
        self._in_head = False
        self._disarm()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Whatever comes next is the head of another request."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Malformed HTTP gets an error of the usual form."""
        self._refuse(400, "malformed_http", "The request is not HTTP/1.1.", "Use http:// with a client for HTTP.")

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._in_head and not self.transport.is_closing():
            self._refuse(408, "too_slow", "The request did not arrive in time.", "Send its headers at once.")

    def _refuse(self, status: int, code: str, message: str, hint: str) -> None:
        fields: dict[str, Any] = {"code": code, "message": message, "hint": hint, "column": None, "row": None}
        body = msgspec.json.encode({"error": fields})
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()
