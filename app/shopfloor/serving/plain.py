"""Text files made plain: UTF-8, one kind of line end, a name that no reader misunderstands."""

from __future__ import annotations

import codecs
import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from shopfloor.domain.errors import DataError
from shopfloor.domain.text import safe

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What spreadsheet programs write where they do not write UTF-8.
_FALLBACK = "cp1252"


class PlainText(NamedTuple):
    """A text file as readers want it. `compression` is `none`, `gzip` or `zstd`."""

    path: Path
    compression: str


def make_plain(path: Path, workdir: Path) -> PlainText:
    """`path` under a harmless name in `workdir`; rewritten only where it has to be.

    A file that is not UTF-8 (UTF-16 with a mark, else Windows-1252) or that mixes line ends is
    copied as UTF-8; any other is linked. Raises `DataError` for an empty or undecodable file.
    """
    try:
        encoding, mixed = _survey(path)
        if encoding == "utf-8" and not mixed:
            link = workdir / "rows.txt"
            os.symlink(path.resolve(), link)
            return PlainText(link, _compression(path))
        return PlainText(_rewrite(path, encoding, workdir / "rows.utf8"), "none")
    except (EOFError, gzip.BadGzipFile, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{safe(path.name, 120)} is not a whole text file: {safe(error, 160)}.",
            hint="Write the file again as UTF-8 text; compress it only with gzip or zstd.",
            code="not_text",
        ) from error


def open_text(plain: PlainText) -> io.TextIOWrapper:
    """The plain file as text, line ends as they are."""
    return io.TextIOWrapper(_open(plain.path), encoding="utf-8-sig", newline="")


def _survey(path: Path) -> tuple[str, bool]:
    """Encoding, and whether lines end in more than one way; reads the whole file once."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    mark = ""
    valid = True
    ends = [0, 0, 0]  # "\r\n", "\n", "\r"
    last = b""
    size = 0
    for chunk in _chunks(path):
        if not size:
            mark = next((name for start, name in _MARKS if chunk.startswith(start)), "")
        size += len(chunk)
        _count_ends(last + chunk, ends)
        last = b"\r" if chunk.endswith(b"\r") else b""
        if valid and mark != "utf-16":
            valid = _decodes(decoder, chunk)
    if valid and mark != "utf-16":
        valid = _decodes(decoder, b"", final=True)
    ends[2] += bool(last)
    if size == 0:
        raise DataError("The file is empty.", hint="Deliver a file with a header line.", code="empty_file")
    encoding = mark if mark == "utf-16" else "utf-8" if valid else _FALLBACK
    return encoding, sum(1 for count in ends if count) > 1


def _count_ends(data: bytes, ends: list[int]) -> None:
    """Add the line ends of `data`; a last `\\r` waits for what follows it."""
    both = data.count(b"\r\n")
    ends[0] += both
    ends[1] += data.count(b"\n") - both
    ends[2] += data.count(b"\r") - both - data.endswith(b"\r")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _rewrite(path: Path, encoding: str, target: Path) -> Path:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with (
        os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out,
        # newline=None: every line end becomes "\n"
        io.TextIOWrapper(_open(path), encoding=encoding, newline=None) as text,
    ):
        while chunk := text.read(_CHUNK):
            out.write(chunk)
    return target


def _chunks(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _compression(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    return "gzip" if start.startswith(GZIP) else "zstd" if start == ZSTD else "none"


def _open(path: Path) -> BinaryIO:
    """The uncompressed bytes of `path`."""
    compression = _compression(path)
    if compression == "gzip":
        return io.BufferedReader(gzip.open(path, "rb"))
    if compression == "zstd":
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
    return path.open("rb")
