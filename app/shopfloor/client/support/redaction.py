"""Free text without what it may quote: words of Shopfloor's own messages, names of the workspace and short numbers.

Messages and logs quote values of cells, names of files and people, and whatever a library or a recipe prints. No list
of what to leave out could be complete, so what is known to be harmless is kept, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import shopfloor

MARK = "▒"
_LITERAL = re.compile(r'"([^"\n]*)"')
_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"\w+")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_ID = re.compile(r"[a-z]\d{1,7}")
_QUOTED = re.compile(r"""(?<!\w)'[^'\n]*'(?!\w)|"[^"\n]*"|“[^”\n]*”|`[^`\n]*`""")
_DIGITS = 6
_STAMPED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{3})?  ?")
_FRAME = re.compile(r'  File "(?P<path>[^"]*)", line (?P<line>\d+), in (?P<function>[\w<>]+)')
_RAISED = re.compile(r"(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Died|Warning))\b")
_TRACEBACK = "Traceback (most recent call last):"
_OURS = ("shopfloor", "site-packages", "lib")


class Redaction:
    """Knows the words that may stay; `names` are those of the workspace's datasets, models and columns."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._kept = _vocabulary() | {word.lower() for name in names for word in _TOKEN.findall(name)}

    def text(self, text: str) -> str:
        """One message; what is not known becomes a mark."""
        unquoted = _QUOTED.sub(MARK, text)
        return _TOKEN.sub(self._token, _NUMBER.sub(_number, unquoted))

    def log(self, lines: Iterable[str]) -> list[str]:
        """The lines of a log: messages as `text`, of tracebacks the places and kinds of error, else nothing."""
        kept: list[str] = []
        left_out = 0
        for line in lines:
            shown = self._line(line)
            if shown is None:
                left_out += 1
                continue
            if left_out:
                kept.append(f"({left_out} lines that Shopfloor did not write are left out)")
                left_out = 0
            kept.append(shown)
        return [*kept, *([f"({left_out} lines that Shopfloor did not write are left out)"] if left_out else [])]

    def _line(self, line: str) -> str | None:
        if (stamp := _STAMPED.match(line)) is not None:
            return stamp.group() + self.text(line[stamp.end() :])
        if line == _TRACEBACK:
            return line
        if (frame := _FRAME.match(line)) is not None:
            return self._frame(frame)
        raised = _RAISED.match(line)
        return f"{raised['type']}: {MARK}" if raised is not None else None

    def _frame(self, frame: re.Match[str]) -> str:
        """A place in the product or a library; of the team's own code only that it is there."""
        parts = Path(frame["path"]).parts
        known = next((place for place in _OURS if place in parts), None)
        if known is None:
            return f"  a file of the team, line {frame['line']}"
        return f"  {'/'.join(parts[parts.index(known) :])}, line {frame['line']}, in {frame['function']}"

    def _token(self, found: re.Match[str]) -> str:
        token = found.group()
        if token == MARK or token.isdigit() or _ID.fullmatch(token):
            return token
        words = [word for word in token.lower().split("_") if word and not word.isdigit()]
        return token if all(word in self._kept for word in words) or token.lower() in self._kept else MARK


def _number(found: re.Match[str]) -> str:
    return found.group() if sum(map(str.isdigit, found.group())) <= _DIGITS else MARK


def _vocabulary() -> set[str]:
    """Every word of the texts in the product's source."""
    root = Path(shopfloor.__file__).parent
    texts = (text for path in root.rglob("*.py") for text in _LITERAL.findall(path.read_text(encoding="utf-8")))
    return {word.lower() for text in texts for word in _WORD.findall(text)}
