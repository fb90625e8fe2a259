"""The bytes of a stream's log: frames that are whole or not there.

A frame is `magic, header length, payload length, CRC32` and then header and payload. The checksum
covers the lengths, the header and the payload. The magic starts with a control character that no
JSON text holds, so a reader that met damage finds the next frame and never one inside a payload.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

MAGIC = b"\x1eSF1"
_HEAD = struct.Struct("<4sIII")


class Frame(NamedTuple):
    """One frame: what is known about some rows, and the rows as JSON lines."""

    header: bytes
    payload: bytes


class Scanned(NamedTuple):
    """What is in a log. `damaged` bytes were written whole and are not readable any more; a `torn`
    tail was never finished, so its safety was never acknowledged."""

    frames: list[Frame]
    damaged: int = 0
    torn: int = 0


def encode(header: bytes, payload: bytes = b"") -> bytes:
    """A frame, ready for one write."""
    return _HEAD.pack(MAGIC, len(header), len(payload), _checksum(header, payload)) + header + payload


def scan(data: bytes) -> Scanned:
    """Every whole frame of a log, in order; what lies between or after them is counted."""
    frames: list[Frame] = []
    damaged = at = 0
    while at < len(data):
        frame = _read(data, at)
        if frame is not None:
            frames.append(frame)
            at += _HEAD.size + len(frame.header) + len(frame.payload)
            continue
        after = _next(data, at + 1)
        if after < 0:
            torn = _unfinished(data, at)
            return Scanned(frames, damaged + (0 if torn else len(data) - at), len(data) - at if torn else 0)
        damaged += after - at
        at = after
    return Scanned(frames, damaged)


def _next(data: bytes, start: int) -> int:
    """Where the next whole frame begins, -1 without one."""
    at = data.find(MAGIC, start)
    while at >= 0 and _read(data, at) is None:
        at = data.find(MAGIC, at + 1)
    return at


def _read(data: bytes, at: int) -> Frame | None:
    if len(data) - at < _HEAD.size:
        return None
    magic, header_size, payload_size, checksum = _HEAD.unpack_from(data, at)
    middle = at + _HEAD.size + header_size
    end = middle + payload_size
    if magic != MAGIC or end > len(data):
        return None
    header, payload = data[at + _HEAD.size : middle], data[middle:end]
    return Frame(header, payload) if _checksum(header, payload) == checksum else None


def _unfinished(data: bytes, at: int) -> bool:
    """Whether the tail is the beginning of a frame, or room that a power cut left without bytes."""
    rest = data[at : at + _HEAD.size]
    if len(rest) < _HEAD.size:
        return MAGIC.startswith(rest[:4]) or not rest.strip(b"\0")
    magic, header_size, payload_size, _ = _HEAD.unpack(rest)
    promised = at + _HEAD.size + header_size + payload_size
    return (magic == MAGIC and promised > len(data)) or not data[at:].strip(b"\0")


def _checksum(header: bytes, payload: bytes) -> int:
    lengths = struct.pack("<II", len(header), len(payload))
    return zlib.crc32(payload, zlib.crc32(header, zlib.crc32(lengths)))
