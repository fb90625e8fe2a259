"""The bytes of a kept file around its failure, printable, whatever kind of file it is."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from shopfloor.domain.text import safe

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BINARY = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"ARROW1", b"SQLite format 3")
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_PIECE = 4096
_MAX_LINE = 400
_FARTHEST = 256 << 20  # bytes of unpacked text that are read to get to a line
_HEAD, _TAIL, _ROW = 128, 96, 16
_DAMAGED = (EOFError, OSError, zlib.error)


class FileExcerpt(NamedTuple):
    """Lines of text from number `first`, or with `binary` a dump of the file's beginning and end."""

    first: int
    lines: tuple[str, ...]
    binary: bool = False


def excerpt(path: Path, line: int | None, context: int = 3) -> FileExcerpt:
    """At most `context` lines on each side of `line` (from 1; the first lines without one).

    Packed text is unpacked; where its data is damaged, what comes before that is shown and then said.
    """
    with path.open("rb") as file:
        head = file.read(_PIECE)
    with _unpacked(path, head) as stream:
        try:
            inner = stream.read(_PIECE)
        except _DAMAGED:
            return _dump(path)
        if inner.startswith(_BINARY) or (line is None and b"\0" in inner and inner[:2] not in _WIDE):
            return _dump(path)
    with _unpacked(path, head) as stream:
        return _around(stream, line or 1, context, _WIDE.get(inner[:2], "utf-8"))


@contextmanager
def _unpacked(path: Path, head: bytes) -> Iterator[BinaryIO]:
    if head.startswith(_GZIP):
        with path.open("rb") as raw:
            yield cast("BinaryIO", _Gunzip(raw))
    elif head.startswith(_ZSTD):
        import pyarrow as pa

        with pa.input_stream(str(path), compression="zstd") as packed:
            yield cast("BinaryIO", packed)
    else:
        with path.open("rb") as plain:
            yield plain


class _Gunzip:
    """What can be unpacked of gzip data before the place where it is damaged."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._member = zlib.decompressobj(wbits=31)
        self._next = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, b"" at the end; raises where the data is damaged or ends too early."""
        while True:
            packed = self._next or self._raw.read(_PIECE)
            if not packed:
                if self._member.eof:
                    return b""
                raise EOFError("unexpected end")
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            data = self._member.decompress(packed, size)
            self._next = self._member.unused_data or self._member.unconsumed_tail
            if data:
                return data


def _around(stream: BinaryIO, line: int, context: int, encoding: str) -> FileExcerpt:
    first, last = max(1, line - context), line + context
    shown: list[str] = []
    number, read = 1, 0
    end = "\n".encode(encoding)
    pieces = _StreamLines(stream, end)
    try:
        while number <= last and read < _FARTHEST:
            head, length = pieces.next()
            if not length:
                break
            read += length
            if number >= first:
                text = head.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
                shown.append(safe(text.rstrip("\r\n").removeprefix("\ufeff"), _MAX_LINE))
            number += 1
    except _DAMAGED as error:
        if pieces.left:
            shown.append(safe(pieces.left[:_PIECE].decode(encoding, "replace"), _MAX_LINE))
        shown.append(f"(the compressed data is damaged here: {safe(str(error), 80)})")
    if read >= _FARTHEST:
        shown.append("(too far into the file to be shown)")
    return FileExcerpt(first, tuple(shown))


class _StreamLines:
    """Lines of a stream, of which only the beginning is held in memory."""

    def __init__(self, stream: BinaryIO, end: bytes) -> None:
        self._stream = stream
        self._end = end
        self.left = b""

    def next(self) -> tuple[bytes, int]:
        """The first `_PIECE` bytes of the next line, and its whole length; (b"", 0) at the end."""
        head, length = b"", 0
        while True:
            at = self._find()
            if at >= 0:
                taken, self.left = self.left[:at], self.left[at:]
                return (head + taken)[:_PIECE], length + len(taken)
            keep = len(self.left) % len(self._end)
            taken, self.left = self.left[: len(self.left) - keep], self.left[len(self.left) - keep :]
            head, length = (head + taken)[:_PIECE], length + len(taken)
            more = self._stream.read(1 << 16)
            if not more:
                head, length, self.left = (head + self.left)[:_PIECE], length + len(self.left), b""
                return head, length
            self.left += more

    def _find(self) -> int:
        """Just after the next line end, at a whole number of characters; -1 without one."""
        width, at = len(self._end), -1
        while (at := self.left.find(self._end, at + 1)) >= 0:
            if at % width == 0:
                return at + width
        return -1


def _dump(path: Path) -> FileExcerpt:
    """Offsets, bytes and characters of the beginning and the end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        lines = list(_rows(file.read(_HEAD), 0))
        if size > _HEAD:
            start = max(_HEAD, (size - _TAIL) // _ROW * _ROW)
            if start > _HEAD:
                lines.append("…")
            file.seek(start, io.SEEK_SET)
            lines += _rows(file.read(), start)
    return FileExcerpt(1, tuple(lines), binary=True)


def _rows(data: bytes, start: int) -> Iterator[str]:
    for at in range(0, len(data), _ROW):
        row = data[at : at + _ROW]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start + at:08x}  {row.hex(' '):<{3 * _ROW - 1}}  {letters}"
