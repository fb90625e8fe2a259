"""How many rows a file holds, counted over its bytes: what was read has to add up to it.

Nothing here goes the way of the parser. Text is passed over once, in chunks; where no line end can stand
inside quotes, lines are counted and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.formats.quoting import Quoting, whole_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_CHUNK = 1 << 20
_ENTRY = 2  # the depth of an array's entries
_FEW_BYTES = 1 << 14  # are not worth an array


@dataclass
class RowCount:
    """`rows` below the header, and what their bytes tell.

    `unclosed` is the line of a quote that never ends, `malformed` that of a text that goes on behind its end (looked
    for only near a backslash before a quote, which `escapes` says there is).
    """

    rows: int = 0
    unclosed: int | None = None
    malformed: int | None = None
    escapes: bool = False


def count_delimited(path: Path, width: int, *, delimiter: str, quote: str, line: int = 1) -> RowCount:
    """Count the rows, of `width` columns, of text with LF or CRLF as line end; its first line is called `line`."""
    counter = _Delimited(width, delimiter, quote, line)
    first = True
    for chunk in whole_lines(path):
        counter.add(chunk.removeprefix(_BOM) if first else chunk)
        first = False
        if counter.walk.unclosed:
            break
    return counter.finish()


def count_lines(path: Path) -> int:
    """The lines of a text file that are not blank."""
    found = 0
    for chunk in whole_lines(path):
        found += chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        if chunk[:1] in _BLANK or any(b"\n" + blank in chunk for blank in (b"\n", b"\r", b" ", b"\t")):
            found -= sum(not line.strip() for line in chunk.splitlines())
    return found


def count_entries(path: Path) -> int:
    """The objects of a JSON array of objects: the braces that open right inside it and outside of texts."""
    import numpy as np

    found, depth, inside, kept = 0, 0, False, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            # Without escapes each quote begins or ends a text. A backslash at the end waits for what it escapes.
            chunk = (kept + chunk).replace(rb"\\", b"")
            kept = b"\\" if chunk.endswith(b"\\") else b""
            data = np.frombuffer(chunk[: len(chunk) - len(kept)].replace(rb"\"", b""), np.uint8)
            quotes = np.flatnonzero(data == ord('"'))
            opening, closing = (data | 32) == ord("{"), (data | 32) == ord("}")  # [ and { differ in one bit
            marks = np.flatnonzero(opening | closing)
            marks = marks[(np.searchsorted(quotes, marks) + inside) % 2 == 0]
            depths = depth + np.cumsum(np.where(opening[marks], 1, -1))
            found += int(((depths == _ENTRY) & (data[marks] == ord("{"))).sum())
            depth = int(depths[-1]) if len(depths) else depth
            inside = bool((len(quotes) + inside) % 2)
    return found


class _Delimited:
    """The count of one delimited file."""

    def __init__(self, width: int, delimiter: str, quote: str, line: int) -> None:
        self.walk = Quoting(quote.encode(), delimiter.encode(), line=line)
        self._found = RowCount()
        self._ends = 0  # records that are over, the header among them
        self._quote = quote.encode()
        self._blanks = width > 1  # a blank line is no record, but a missing value where there is one column
        self._bounds = {*delimiter.encode(), *b"\r\n", *self._quote}
        self._open = False  # the last line has no end

    def add(self, chunk: bytes) -> None:
        """Count the records that end in `chunk`."""
        self._open = not chunk.endswith(b"\n")
        if not self._quote or not (self.walk.inside or self._quote in chunk):
            self._plain(chunk)
            return
        escapes = b"\\" in chunk and b"\\" + self._quote in chunk
        self._found.escapes = self._found.escapes or escapes
        if self._fast(chunk, sure=not escapes):
            return
        inside = self.walk.inside
        for piece, quoted in self.walk.pieces(chunk):
            if not quoted:
                self._ends += piece.count(b"\n") - (self._blank(piece, start=not inside) if self._blanks else 0)
            inside = True  # a later piece begins behind a quote

    def finish(self) -> RowCount:
        """The count of all that was added."""
        self.walk.finish()
        found = self._found
        found.rows = self._ends + self._open - 1
        found.unclosed, found.malformed = self.walk.unclosed, self.walk.malformed
        return found

    def _plain(self, chunk: bytes) -> None:
        lines, near = _line_ends(chunk)
        self.walk.line += lines
        self._ends += lines - (self._blank(chunk, start=True) if self._blanks and near else 0)

    def _blank(self, piece: bytes, *, start: bool) -> int:
        """Blank lines in text outside of quotes; `start` says that a line begins with it."""
        count = int(start and piece.startswith((b"\n", b"\r\n")))
        if b"\n\n" in piece or (b"\r" in piece and b"\n\r\n" in piece):
            text = piece.replace(b"\r\n", b"\n")
            count += sum(not line for line in text.split(b"\n")[1:-1])
        return count

    def _fast(self, chunk: bytes, *, sure: bool) -> bool:
        """Count a chunk whose quotes stand as they should; False, and nothing is counted, where they do not.

        With `sure` quotes are not looked at where no line end stands between two of them.

        Then each second quote opens a text, and the number of quotes before a line end says where it stands.
        """
        import numpy as np

        data = np.frombuffer(chunk, np.uint8)
        quotes, ends = np.flatnonzero(data == self._quote[0]), np.flatnonzero(data == 10)
        within = (np.searchsorted(quotes, ends) + self.walk.inside) & 1
        if sure and not self.walk.inside and len(quotes) % 2 == 0 and not within.any():
            self.walk.line += len(ends)
            self._ends += len(ends) - (_blank_lines(data, ends, start=True) if self._blanks else 0)
            return True
        if not self._usual(data, quotes):
            return False
        self._ends += int((within == 0).sum())
        if self._blanks:
            self._ends -= _blank_lines(data, ends[within == 0], start=not self.walk.inside)
        self._advance(data, quotes, ends)
        return True

    def _usual(self, data: NDArray[Any], quotes: NDArray[Any]) -> bool:
        """True when each quote that opens stands behind a boundary and each that closes before one."""
        import numpy as np

        bound = np.zeros(256, bool)
        bound[list(self._bounds)] = True
        opening, closing = quotes[int(self.walk.inside) :: 2], quotes[1 - int(self.walk.inside) :: 2]
        before = bound[data[opening - 1]] | (opening == 0)
        after = bound[data[np.minimum(closing + 1, len(data) - 1)]] | (closing == len(data) - 1)
        return bool(before.all() and after.all())

    def _advance(self, data: NDArray[Any], quotes: NDArray[Any], ends: NDArray[Any]) -> None:
        """Where the walk stands behind a chunk that was counted without it."""
        import numpy as np

        opening = quotes[int(self.walk.inside) :: 2]
        if (len(quotes) + self.walk.inside) % 2:
            # Two in a row are a quote within the text that an earlier one opened.
            first = opening[(opening == 0) | (data[opening - 1] != self._quote[0])]
            if len(first):
                self.walk.opened = self.walk.line + int(np.searchsorted(ends, first[-1]))
            self.walk.inside = True
        else:
            self.walk.inside = False
        self.walk.line += len(ends)


def _line_ends(chunk: bytes) -> tuple[int, bool]:
    """How many there are, and whether two may stand so near that a line between them is blank."""
    if len(chunk) < _FEW_BYTES:
        return chunk.count(b"\n"), True
    import numpy as np

    # A search stops at each line end; this does not.
    ends = np.frombuffer(chunk, np.uint8) == 10
    near = bool(ends[0]) or b"\r" in chunk or bool((ends[1:] & ends[:-1]).any())
    return int(np.count_nonzero(ends)), near


def _blank_lines(data: NDArray[Any], ends: NDArray[Any], *, start: bool) -> int:
    """How many of the line ends `ends` end an empty line; `start` says that a line begins with `data`."""
    import numpy as np

    if len(ends) and int(ends[0]) > 1 and (len(ends) < 2 or int(np.diff(ends).min()) > 2):
        return 0
    inner = ends[ends > 0]
    before = data[inner - 1]
    earlier = data[np.maximum(inner - 2, 0)]
    blank = (before == 10) | ((before == 13) & (earlier == 10) & (inner > 1))
    found = int(blank.sum())
    if start:
        found += bool(len(ends)) and (int(ends[0]) == 0 or (int(ends[0]) == 1 and int(data[0]) == 13))
    return found
