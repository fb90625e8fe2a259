"""Foreign text made safe for a terminal: nothing in a name may move the cursor or hide itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from shopfloor.domain.numbers import count

# Bidirectional controls reorder neighbouring text; zero-width characters hide differences.
_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069"
    "\u206a\u206b\u206c\u206d\u206e\u206f\ufeff\ufff9\ufffa\ufffb"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e", "\x00": "\\0"}


def safe(value: object, limit: int = 0) -> str:
    """`value` as one line of printable text.

    Control, escape, bidirectional and invisible characters and undecodable bytes are shown as
    visible escapes. A `limit` above zero cuts to that many characters, the last one `…`.
    """
    text = value if isinstance(value, str) else str(value)
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_visible, text))
    if limit > 0 and len(text) > limit:
        return text[: limit - 1] + "…"
    return text


def counted(number: int, one: str, many: str = "") -> str:
    """`1 row`, `1,200 rows`: a number with its noun; `many` where an s is not all: `row is`, `rows are`."""
    return f"{count(number)} {one if number == 1 else many or f'{one}s'}"


def quoted(value: object, limit: int = 60) -> str:
    """A value from data in quotes, printable and bounded."""
    return f"'{safe(value, limit)}'"


def listed(names: Sequence[object], most: int = 5) -> str:
    """`'a', 'b' and 3 more`: at most so many names from data, each in quotes."""
    return first_of([quoted(name) for name in names], most)


def first_of(names: Sequence[str], most: int = 5, *, between: str = ", ") -> str:
    """`a, b and 3 more`: at most so many names, which are safe to show."""
    more = len(names) - most
    shown = between.join(names[:most])
    return f"{shown} and {count(more)} more" if more > 0 else shown


def times(number: int) -> str:
    """`once`, `14 times`."""
    return "once" if number == 1 else f"{count(number)} times"


def _visible(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte of a file name (surrogateescape)
        return f"\\x{code - 0xDC00:02x}"
    if char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char
