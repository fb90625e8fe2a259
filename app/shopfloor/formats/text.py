"""Making a delivered text file plain: unpacked, UTF-8, one kind of line end, no NUL bytes."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from shopfloor.domain.file import Reason
from shopfloor.formats.encoding import (
    CHUNK,
    CONVERTED,
    READ_AS_WESTERN,
    from_western,
    is_utf8,
    marked,
    transcode,
    whole_characters,
)
from shopfloor.formats.packing import Packing
from shopfloor.formats.quoting import Quoting, tidy
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.encodings import not_utf8, nul_bytes, undecodable
from shopfloor.formats.reasons.files import bad_compression, expands_too_much
from shopfloor.formats.reasons.headers import nothing_after_skipped

# Real tables pack up to about 50 times; gzip's own limit is 1,032.
MAX_RATIO = 200
FREE_BYTES = 256 << 20
_NOTE_BYTES = 4 << 20

MIXED = "The file mixes line endings; they were normalised."


def unpack(source: Path, packing: Packing, target: Path) -> None:
    """Write the unpacked bytes of `source` to `target`, checking the checksums on the way.

    Raises `BadFile` for damaged data and for data that grows beyond what tables do.
    """
    limit = max(FREE_BYTES, MAX_RATIO * source.stat().st_size)
    size = 0
    pieces = _gunzip(source) if packing is Packing.GZIP else _unzstd(source)
    with target.open("wb") as out:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise BadFile(expands_too_much(MAX_RATIO, size))
            out.write(piece)


@dataclass(frozen=True)
class PlainText:
    """A text in UTF-8 at `path`. `uneven` says that it has line ends other than LF alone or CRLF alone."""

    path: Path
    uneven: bool
    notices: tuple[str, ...] = ()


def plain(source: Path, head: bytes, scratch: Path, *, encoding: str = "", skip: int = 0) -> PlainText:
    """`source`, or a copy beside `scratch`, as UTF-8.

    `head` are its first bytes. `encoding` is what the contract or a person says; empty, it is found
    out. The first `skip` lines are taken off; the others keep their numbers. Raises `BadFile` for
    NUL bytes and for bytes that are no text.
    """
    notices: tuple[str, ...] = ()
    known = _known(encoding) if encoding else marked(head)
    if known:
        source = transcode(source, _beside(scratch, "utf8"), known)
        notices = _encoding_notice(head, known) if encoding else (CONVERTED.format(known[:6].upper()),)
    if skip:
        source = below(source, _beside(scratch, "below"), skip)
    seen = _scan(source, skip + 1)
    if seen.bad_line and encoding:
        raise BadFile(undecodable(seen.bad_line, encoding))
    if seen.bad_line:
        source = from_western(source, _beside(scratch, "utf8"), seen.bad_line, skip + 1)
        notices = (READ_AS_WESTERN,)
    return PlainText(source, seen.uneven, notices)


def tidied(source: Path, scratch: Path, walk: Quoting) -> tuple[Path, tuple[str, ...]]:
    """`source`, or a copy at `scratch` with uniform line ends outside the quotes that `walk` finds; and notices."""
    kinds = tidy(source, scratch, walk)
    if not walk.escape and kinds <= {b"\n", b"\r\n"} and len(kinds) < 2:
        scratch.unlink()  # only quoted text made the ends look mixed
        return source, ()
    return scratch, (MIXED,) if len(kinds) > 1 else ()


def below(source: Path, scratch: Path, lines: int) -> Path:
    """A copy of `source` at `scratch` without its first `lines`.

    DuckDB could skip them, but takes a quote in a note above the header for the start of a text.
    """
    with source.open("rb") as file:
        ends = re.finditer(rb"\r\n|\r|\n", file.read(_NOTE_BYTES))
        last = next(islice(ends, lines - 1, None), None)
        if last is None or last.end() >= source.stat().st_size:
            raise BadFile(nothing_after_skipped(lines))
        file.seek(last.end())
        with scratch.open("wb") as out:
            shutil.copyfileobj(file, out, CHUNK)
    return scratch


def unmarked(source: Path, scratch: Path) -> Path:
    """`source`, or a copy at `scratch` without its byte order mark, which JSON does not have."""
    with source.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            return source
    return transcode(source, scratch, "utf-8")


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")


def closed(source: Path, scratch: Path) -> Path:
    """`source`, or a copy at `scratch`, with a line end after its last line.

    Two threads of DuckDB 2.0 that read JSON lines may put a last line without a line end before
    all others (measured): rows of two files in one batch would change places.
    """
    with source.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b"\n":
            return source
    shutil.copyfile(source, scratch)
    with scratch.open("ab") as out:
        out.write(b"\n")
    return scratch


def _gunzip(source: Path) -> Iterator[bytes]:
    """Unpack all members; `gzip` and `cat` may make several."""
    with source.open("rb") as file:
        unpacker = zlib.decompressobj(wbits=31)
        pending = file.read(CHUNK)
        try:
            while pending:
                piece = unpacker.decompress(pending, CHUNK)
                if piece:
                    yield piece
                if unpacker.eof:
                    rest = (unpacker.unused_data or file.read(CHUNK)).lstrip(b"\x00")
                    if not rest:
                        return
                    unpacker, pending = zlib.decompressobj(wbits=31), rest
                    continue
                pending = unpacker.unconsumed_tail or file.read(CHUNK)
        except zlib.error as error:
            detail = "a checksum differs" if "check" in str(error) else "it cannot be unpacked"
            raise BadFile(bad_compression("gzip", detail)) from None
    raise BadFile(bad_compression("gzip", "its end is missing"))


def _unzstd(source: Path) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.OSFile(str(source)), "zstd") as stream:
            while piece := stream.read(CHUNK):
                yield piece
    except OSError:
        raise BadFile(bad_compression("zstd", "it cannot be unpacked")) from None


def _encoding_notice(head: bytes, encoding: str) -> tuple[str, ...]:
    """A notice when text that is read as something else, as it was said to be, looks like UTF-8."""
    if head.isascii() or b"\0" in head or not is_utf8(head[: whole_characters(head)]):
        return ()
    return (f"The file was read as {encoding}, as configured, but its bytes look like UTF-8.",)


def _known(encoding: str) -> str:
    """The codec to convert from; empty for UTF-8, which is only checked."""
    name = codecs.lookup(encoding).name
    return "" if name in {"utf-8", "utf-8-sig", "ascii"} else name


@dataclass
class _Seen:
    """What one scan of all bytes of a file finds."""

    crlf: int = 0
    lf: int = 0
    cr: int = 0
    bad_line: int = 0  # the first line that is not UTF-8

    @property
    def uneven(self) -> bool:
        return self.cr > 0 or (self.crlf > 0 and self.lf > 0)


def _scan(source: Path, line: int) -> _Seen:
    """Which kinds of line ends occur, and whether all is UTF-8; the first line is called `line`.

    Raises `BadFile` at a NUL byte.
    """
    seen = _Seen()
    split, cut = False, b""  # the chunk before ended in CR, counted as alone; or with a part of a character
    with source.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            if b"\0" in chunk:
                raise BadFile(_nul(source, line))
            if split or b"\r" in chunk:
                pairs = chunk.count(b"\r\n") + (split and chunk[:1] == b"\n")
                seen.crlf += pairs
                seen.cr += chunk.count(b"\r") - pairs
                seen.lf += chunk.count(b"\n") - pairs
                split = chunk.endswith(b"\r")
            else:
                seen.lf += b"\n" in chunk
            if not seen.bad_line and (cut or not chunk.isascii()):
                chunk = cut + chunk
                end = whole_characters(chunk)
                chunk, cut = chunk[:end], chunk[end:]
                if not is_utf8(chunk):
                    seen.bad_line = _bad_line(source, line)
    if cut and not seen.bad_line:
        # What ends within a character was cut short.
        raise BadFile(not_utf8(_bad_line(source, line), "because the file ends within a character"))
    return seen


def _bad_line(source: Path, line: int) -> int:
    """The first line that is not UTF-8; lines end with CR in old Macintosh files."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    with source.open("rb") as file:
        first = file.readline(CHUNK)
        end = b"\r" if b"\r" in first and not first.endswith(b"\n") else b"\n"
        file.seek(0)
        while True:
            chunk = file.read(CHUNK)
            try:
                utf8.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # error.object may begin with bytes of the chunk before, which end no line.
                return line + error.object[: error.start].count(end)
            line += chunk.count(end)
            if not chunk:
                return line


def _nul(source: Path, line: int) -> Reason:
    """The reason, with the line of the first NUL byte."""
    with source.open("rb") as file:
        start = file.read(64)
        file.seek(0)
        while chunk := file.read(CHUNK):
            at = chunk.find(b"\0")
            line += chunk.count(b"\n", 0, at if at >= 0 else len(chunk))
            if at >= 0:
                break
    return nul_bytes(line, utf16=start.count(b"\0") * 3 > len(start))
