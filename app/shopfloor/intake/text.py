"""Making a delivered text file plain: unpacked, UTF-8, one kind of line end, no NUL bytes."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

from shopfloor.domain.file import Reason
from shopfloor.intake import reasons
from shopfloor.intake.formats import Packing
from shopfloor.intake.reasons import BadFile

CHUNK = 1 << 20
# Real tables pack up to about 50 times; gzip's own limit is 1,032.
MAX_RATIO = 200
FREE_BYTES = 256 << 20

UTF16 = "The file was in UTF-16 and was converted to UTF-8."
MIXED = "The file mixes kinds of line ends; they were made the same."


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
                raise BadFile(reasons.expands_too_much(MAX_RATIO, size))
            out.write(piece)


def plain(source: Path, scratch: Path) -> tuple[Path, tuple[str, ...]]:
    """`source`, or a cleaned copy at `scratch`, as UTF-8 with one kind of line end; and notices.

    Line numbers stay those of the original. Raises `BadFile` for NUL bytes and for UTF-16 that is
    cut in the middle of a character. Whether all bytes are UTF-8 is left to the parser.
    """
    with source.open("rb") as file:
        mark = file.read(2)
    notices: tuple[str, ...] = ()
    if mark in {b"\xff\xfe", b"\xfe\xff"}:
        converted = scratch.with_name(scratch.name + ".utf8")
        _transcode(source, converted)
        source, notices = converted, (UTF16,)
    if _mixed(source) and _same_line_ends(source, scratch):
        return scratch, (*notices, MIXED)
    return source, notices


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
            raise BadFile(reasons.bad_compression("gzip", detail)) from None
    raise BadFile(reasons.bad_compression("gzip", "its end is missing"))


def _unzstd(source: Path) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.OSFile(str(source)), "zstd") as stream:
            while piece := stream.read(CHUNK):
                yield piece
    except OSError:
        raise BadFile(reasons.bad_compression("zstd", "it cannot be unpacked")) from None


def _transcode(source: Path, target: Path) -> None:
    """UTF-16 with a byte order mark to UTF-8; line ends are kept."""
    try:
        with (
            source.open("r", encoding="utf-16", newline="") as text,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            while piece := text.read(CHUNK):
                out.write(piece)
    except UnicodeDecodeError:
        raise BadFile(reasons.not_utf8(None)) from None


def _mixed(source: Path) -> bool:
    """True when several kinds of line ends occur anywhere. Raises `BadFile` at a NUL byte."""
    crlf = lf = cr = 0
    split = False  # the chunk before ended in CR, which was counted as alone
    with source.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            if b"\0" in chunk:
                raise BadFile(_nul(source))
            if split or b"\r" in chunk:
                pairs = chunk.count(b"\r\n") + (split and chunk[:1] == b"\n")
                crlf += pairs
                cr += chunk.count(b"\r") - pairs
                lf += chunk.count(b"\n") - pairs
                split = chunk.endswith(b"\r")
            else:
                lf += b"\n" in chunk
    return sum(count > 0 for count in (crlf, lf, cr)) > 1


def _nul(source: Path) -> Reason:
    """The reason, with the line of the first NUL byte."""
    line = 1
    with source.open("rb") as file:
        start = file.read(64)
        file.seek(0)
        while chunk := file.read(CHUNK):
            at = chunk.find(b"\0")
            line += chunk.count(b"\n", 0, at if at >= 0 else len(chunk))
            if at >= 0:
                break
    return reasons.nul_bytes(line, utf16=start.count(b"\0") * 3 > len(start))


def _same_line_ends(source: Path, target: Path) -> bool:
    """Write `source` with every line end outside quotes as LF; quoted text keeps its own.

    A quote inside a quoted field is written twice, so counting quotes tells inside from outside.
    Returns False, and leaves no `target`, when only quoted text made the ends look mixed.
    """
    kinds: set[bytes] = set()
    inside = False
    held = b""
    with source.open("rb") as file, target.open("wb") as out:
        while True:
            chunk = file.read(CHUNK)
            piece, held = held + chunk, b""
            if chunk and piece.endswith(b"\r"):
                # It may be the first half of CRLF.
                piece, held = piece[:-1], b"\r"
            out.write(b'"'.join(_unify(piece, inside, kinds)))
            inside ^= piece.count(b'"') % 2 == 1
            if not chunk:
                break
    if len(kinds) > 1:
        return True
    target.unlink()
    return False


def _unify(chunk: bytes, inside: bool, kinds: set[bytes]) -> Iterator[bytes]:
    """The pieces between quotes, those outside with LF; adds what was found to `kinds`."""
    for piece in chunk.split(b'"'):
        if inside or (b"\r" not in piece and b"\n" not in piece):
            yield piece
        else:
            ends = piece.replace(b"\r\n", b"\x00")
            for kind, mark in ((b"\r\n", b"\x00"), (b"\r", b"\r"), (b"\n", b"\n")):
                if mark in ends:
                    kinds.add(kind)
            yield ends.replace(b"\r", b"\n").replace(b"\x00", b"\n")
        inside = not inside
