"""Where the quoted texts of a delimited file begin and end, by its bytes alone.

A quote mark opens a text only at the start of a field; inside, it is written twice or behind the escape
character. All scans for quotes are here, so that all agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.rows import line_too_long

BACKSLASH = "\\"
_LONGEST = 16 << 20
# Stays in the processor's cache while it is cut and scanned: half the time of a megabyte. What is made of it is smaller
# than what malloc fetches from the system and gives back each time (128 KiB): another half.
CHUNK = 7 << 14
_LF, _CR, _SPACE = b"\n\r "


class Quoting:
    """Follows the quotes through chunks of a text that begins with line `line`; each chunk ends with a line.

    `unclosed` is the line of the first quote that never ends, or that ends on a later line within a
    text: rows below it cannot be separated. `malformed` is that of the first one that goes on behind
    its end on the same line.
    """

    def __init__(self, quote: bytes, delimiter: bytes, escape: bytes = b"", line: int = 1) -> None:
        self.inside = False
        self.opened = line
        self.line = line
        self.unclosed: int | None = None
        self.malformed: int | None = None
        self._quote = quote
        self.escape = escape
        self._bounds = delimiter + b"\r\n"
        self._spaced = delimiter != b" "

    def pieces(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """The text of `chunk` in order, and whether it is quoted; the marks belong to the text outside."""
        start = at = 0
        while self._quote and (mark := chunk.find(self._quote, at)) >= 0:
            at = mark + 1
            if self.inside:
                if self.escape and self._escaped(chunk, start, mark):
                    continue
                if chunk[at : at + 1] == self._quote:
                    at += 1
                    continue
                yield self._passed(chunk[start:mark]), True
                self._close(chunk, at)
                start = mark
            elif self._opens(chunk, mark):
                yield self._passed(chunk[start:at]), False
                self.inside, self.opened, start = True, self.line, at
        yield self._passed(chunk[start:]), self.inside

    def doubled(self, piece: bytes) -> bytes:
        """Quoted text without the escape character: quotes are written twice, as every reader knows them."""
        if not self.escape or self.escape not in piece:
            return piece
        # Text has no NUL bytes. An escape character before anything else is an ordinary one.
        kept = piece.replace(2 * self.escape, b"\0")
        return kept.replace(self.escape + self._quote, 2 * self._quote).replace(b"\0", self.escape)

    def finish(self) -> None:
        """There is no more."""
        if self.inside:
            self.unclosed = self.unclosed or self.opened

    def _passed(self, piece: bytes) -> bytes:
        self.line += piece.count(b"\n")
        return piece

    def _escaped(self, chunk: bytes, start: int, mark: int) -> bool:
        run = mark
        while run > start and chunk[run - 1 : run] == self.escape:
            run -= 1
        return (mark - run) % 2 == 1

    def _opens(self, chunk: bytes, mark: int) -> bool:
        """True at the start of a field; the reader passes over blanks there."""
        before = mark - 1
        while self._spaced and before >= 0 and chunk[before] == _SPACE:
            before -= 1
        return before < 0 or chunk[before] in self._bounds

    def _close(self, chunk: bytes, after: int) -> None:
        self.inside = False
        while self._spaced and chunk[after : after + 1] == b" ":
            after += 1
        if after >= len(chunk) or chunk[after] in self._bounds:
            return
        if self.opened != self.line:
            self.unclosed = self.unclosed or self.opened
        else:
            self.malformed = self.malformed or self.opened


def whole_lines(path: Path) -> Iterator[bytes]:
    """The bytes of a text file in chunks that end with a line. Raises `BadFile` for a line without an end."""
    rest, passed = b"", 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            # Old Macintosh files end lines with CR alone; one at the chunk's end may be half of CRLF.
            end = chunk.rfind(b"\n") + 1 or chunk.rfind(b"\r", 0, -1) + 1
            if not end:
                rest += chunk
                if len(rest) > _LONGEST:
                    raise BadFile(line_too_long(_line_at(path, passed)))
                continue
            yield rest + chunk[:end]
            passed += len(rest) + end
            rest = chunk[end:]
    if rest:
        yield rest


def _line_at(path: Path, offset: int) -> int:
    """The line that begins at `offset`. Counted only when it is told: that takes as long as all else here."""
    line = 1
    with path.open("rb", buffering=0) as file:
        while offset > 0 and (chunk := file.read(min(CHUNK, offset))):
            line += chunk.count(b"\n")
            offset -= len(chunk)
    return line


def tidy(source: Path, target: Path, walk: Quoting) -> frozenset[bytes]:
    """Write `source` with LF at the end of each line, and with quotes written twice that an escape character marked.

    Quoted text keeps its own line ends. Returns the kinds of line ends that were found outside of it.
    """
    kinds: set[bytes] = set()
    with target.open("wb") as out:
        for chunk in whole_lines(source):
            for piece, quoted in walk.pieces(chunk):
                out.write(walk.doubled(piece) if quoted else _unified(piece, kinds))
    walk.finish()
    return frozenset(kinds)


def _unified(piece: bytes, kinds: set[bytes]) -> bytes:
    if b"\r" not in piece:
        if b"\n" in piece:
            kinds.add(b"\n")
        return piece
    # Text has no NUL bytes.
    ends = piece.replace(b"\r\n", b"\0")
    kinds.update(kind for kind, mark in ((b"\r\n", b"\0"), (b"\r", b"\r"), (b"\n", b"\n")) if mark in ends)
    return ends.replace(b"\r", b"\n").replace(b"\0", b"\n")
