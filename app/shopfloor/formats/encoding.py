"""Which encoding a text file is in, and the same text as UTF-8. Nothing is guessed silently.

UTF-8 is proved by the bytes themselves. What is not UTF-8 is Windows-1252 (which holds Latin-1's
letters) only while it looks like Western text as a whole; damaged UTF-8, Cyrillic or DOS bytes
do not, and are held until somebody says what they are.
"""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.encodings import not_utf8, undecodable

CHUNK = 1 << 20
WESTERN = "cp1252"

CONVERTED = "The file was in {} and was converted to UTF-8."
READ_AS_WESTERN = (
    "The file is not UTF-8; it was read as Windows-1252 (Latin-1). If characters look wrong, set the encoding."
)

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Characters of UTF-8. Left out is what Western text may hold as well: a letter, then punctuation.
_UTF8 = re.compile(
    rb"[\xc2\xc3][\x80-\xbf]|[\xc4-\xdf][\x80-\x84\x86-\x90\x98-\x9f\xa1-\xaa\xac-\xb6\xb8-\xba\xbc-\xbf]"
    rb"|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
# Whole words of high bytes: Cyrillic, Greek, Chinese …
_FOREIGN_WORD = re.compile(rb"[\x80-\xff]{3,}")
# Signs that Windows-1252 never has inside a word, where other code pages have letters.
_FOREIGN_LETTER = re.compile(
    rb"[A-Za-z][\x80-\x89\x8b\x93\x94\x98\x99\x9b\xa1-\xa9\xab-\xb3\xb5\xb6\xb8\xb9\xbb-\xbf][a-z\xe0-\xff]"
)
_ENOUGH = 1_000_000
_BIG = 1 << 16


def marked(head: bytes) -> str:
    """The encoding that the first bytes prove, or an empty text: a byte order mark, or UTF-16's NULs."""
    if b"\0" not in head[:4096] and head[:1] not in {b"\xff", b"\xfe"}:
        return ""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    head = head[: len(head) & ~1][:4096]
    nuls = head.count(0)
    if nuls * 4 < len(head) or not nuls:
        return ""
    odd = head[1::2].count(0)
    return {nuls: "utf-16-le", 0: "utf-16-be"}.get(odd, "")


def is_utf8(chunk: bytes) -> bool:
    """True when `chunk` is UTF-8. Arrow checks big ones five times faster than a decoder."""
    if len(chunk) < _BIG:
        try:
            chunk.decode()
        except UnicodeDecodeError:
            return False
        return True
    import pyarrow as pa

    ends = pa.py_buffer(struct.pack("<ii", 0, len(chunk)))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(chunk)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def whole_characters(chunk: bytes) -> int:
    """The length of `chunk` without a character of UTF-8 that goes on in the next one."""
    for back in range(1, min(3, len(chunk)) + 1):
        byte = chunk[-back]
        if byte >= 0xC0:
            return len(chunk) - back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else len(chunk)
        if byte < 0x80:
            break
    return len(chunk)


def transcode(source: Path, target: Path, encoding: str, line: int = 1) -> Path:
    """Write the text of `source`, from `line` on, to `target` as UTF-8 without a mark; line ends are kept.

    Raises `BadFile` with the line of the first bytes that are not text in `encoding`.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    start = True
    with source.open("rb") as file, target.open("wb") as out:
        while True:
            chunk = file.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                raise BadFile(undecodable(line + _lines_before(error, encoding), encoding)) from None
            if start and text:
                text, start = text.removeprefix("\ufeff"), False
            line += text.count("\n")
            try:
                out.write(text.encode())
            except UnicodeError:  # some codecs yield half characters
                raise BadFile(undecodable(line, encoding)) from None
            if not chunk:
                return target


def from_western(source: Path, target: Path, line: int, first: int = 1) -> Path:
    """`transcode` from Windows-1252 what is not UTF-8, as `line` shows, where `first` is the first line.

    Raises `BadFile` when it is unlikely to be Windows-1252.
    """
    found = _evidence(source)
    if 100 * found.utf8 > found.high:
        raise BadFile(not_utf8(line, "although other bytes are: it is damaged or was combined from two files"))
    transcode(source, target, WESTERN, first)
    if 5 * found.foreign > found.high:
        raise BadFile(not_utf8(line, "and they do not look like Windows-1252 either"))
    return target


@dataclass
class _ByteCounts:
    """How many bytes are above 127, characters look like UTF-8, bytes stand where Western text has none."""

    high: int = 0
    utf8: int = 0
    foreign: int = 0


def _evidence(source: Path) -> _ByteCounts:
    found = _ByteCounts()
    with source.open("rb") as file:
        while found.high < _ENOUGH and (chunk := file.read(CHUNK)):
            if chunk.isascii():
                continue
            found.high += len(_HIGH.findall(chunk))
            found.utf8 += len(_UTF8.findall(chunk))
            found.foreign += sum(map(len, _FOREIGN_WORD.findall(chunk))) + len(_FOREIGN_LETTER.findall(chunk))
    return found


def _lines_before(error: UnicodeError, encoding: str) -> int:
    """Line ends in the decoded part of the chunk that failed."""
    if not isinstance(error, UnicodeDecodeError):
        return 0
    return error.object[: error.start].decode(encoding, errors="ignore").count("\n")
