"""Text measured and cut in terminal cells, whatever it contains."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from rich.cells import cell_len, set_cell_size

from shopfloor.domain.text import safe
from shopfloor.tui.widgets import glyphs

Align = Literal["left", "right", "center"]

# Terminals disagree about the width of a character followed by one of these.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def clean(value: object, width: int = 0) -> str:
    """`value` as one harmless line; a `width` above zero bounds the work done on a huge value.

    Zero-width marks ride on the character before them, so the bound is in characters, well above
    the cells they can fill.
    """
    text = value if isinstance(value, str) else str(value)
    if width > 0 and len(text) > 4 * width + 16:
        text = text[: 4 * width + 16]
    if text.isascii():
        return safe(text)
    text = _SELECTORS.sub("", safe(text))
    return f"\u25cc{text}" if text and unicodedata.combining(text[0]) else text


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; what was cut shows as `…`."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + glyphs.MORE


def fit(text: str, width: int, align: Align = "left") -> str:
    """`text` in exactly `width` cells: cut with `…` or padded on the side `align` leaves free."""
    text = cut(text, width)
    spare = width - cell_len(text)
    if spare <= 0:
        return text
    if align == "right":
        return " " * spare + text
    if align == "center":
        return " " * (spare // 2) + text + " " * (spare - spare // 2)
    return text + " " * spare


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at spaces, or anywhere when it must.

    Spaces it begins with stay, for they align numbers and are part of a file's line.
    """
    start = text.lstrip(" ")
    indent = len(text) - len(start)
    words = start.split(" ")
    words[0] = " " * (indent if indent < width else 0) + words[0]
    lines: list[str] = []
    line = ""
    for word in words:
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line and cell_len(word) > width:
            word, line = joined, ""  # it breaks anyway: let it begin on this line
        elif line:
            lines.append(line)
        *whole, line = _chop(word, width)
        lines.extend(whole)
    return [*lines, line]


def _chop(word: str, width: int) -> list[str]:
    """`word` in pieces of at most `width` cells; a character wider than `width` stands alone."""
    pieces: list[str] = []
    piece = ""
    for char in word:
        if piece and cell_len(piece + char) > width:
            pieces.append(piece)
            piece = ""
        piece += char
    return [*pieces, piece]
