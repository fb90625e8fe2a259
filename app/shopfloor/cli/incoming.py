"""Lines from a file, or from a pipe as they come."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import IO

from shopfloor.client.rows import POST_BYTES, POST_ROWS, RowChunk

_CHUNK = 1 << 20
_IDLE_SECONDS = 0.5


def incoming(source: IO[bytes]) -> Iterator[RowChunk]:
    """Posts of whole lines. Received lines are sent when they fill a post, or when nothing more
    comes for half a second, so that a slow pipe does not keep its rows back. A last line without
    an end counts."""
    handle = source.fileno()
    held = b""
    while True:
        waits = bool(held.count(b"\n"))
        if waits and not select.select([handle], [], [], _IDLE_SECONDS)[0]:
            end = held.rfind(b"\n") + 1
            yield _piece(held[:end])
            held = held[end:]
            continue
        chunk = os.read(handle, _CHUNK)
        if not chunk:
            break
        held += chunk
        for piece in _full(held):
            held = held[len(piece.body) :]
            yield piece
    if held.strip():
        yield _piece(held if held.endswith(b"\n") else held + b"\n")


def _full(held: bytes) -> Iterator[RowChunk]:
    """Posts that are full already."""
    at = 0
    while len(held) - at >= POST_BYTES or held.count(b"\n", at) >= POST_ROWS:
        end = _cut(held, at)
        if end <= at:
            return
        yield _piece(held[at:end])
        at = end


def _cut(held: bytes, at: int) -> int:
    """The end of the last line that fits into a post that begins `at`; at least one line."""
    end = held.rfind(b"\n", at, at + POST_BYTES) + 1 or held.find(b"\n", at) + 1
    if held.count(b"\n", at, end) <= POST_ROWS:
        return end
    end = at
    for _ in range(POST_ROWS):
        end = held.index(b"\n", end) + 1
    return end


def _piece(body: bytes) -> RowChunk:
    return RowChunk(body, body.count(b"\n"))
