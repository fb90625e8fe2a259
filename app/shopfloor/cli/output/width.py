"""How many terminal columns a text takes, and cutting it to fit."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"


def columns(text: str) -> int:
    """Terminal columns of printable text: 2 for wide characters, 0 for combining marks."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, limit: int, *, keep_end: bool = False) -> str:
    """`text` in at most `limit` columns, an ellipsis where something is missing."""
    if columns(text) <= limit:
        return text
    if limit <= 0:
        return ""
    if keep_end:
        return ELLIPSIS + _head(text[::-1], limit - 1)[::-1]
    return _head(text, limit - 1) + ELLIPSIS


def _head(text: str, limit: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _columns(char)
        if used > limit:
            return text[:index]
    return text


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `width` columns, on the left when `right`."""
    space = " " * max(width - columns(text), 0)
    return space + text if right else text + space


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        while columns(word) > width:
            head = _head(word, width) or word[:1]
            lines += [line] if line else []
            lines.append(head)
            line, word = "", word[len(head) :]
        joined = f"{line} {word}" if line else word
        if columns(joined) > width:
            lines.append(line)
            joined = word
        line = joined
    return [*lines, line] if line or not lines else lines
