"""On which line of a TOML text a key stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

Path = Sequence[str | int]

_HEADER = re.compile(r"^\s*(\[\[?)(.+?)\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the key at `path` (names, and positions in arrays of tables).

    A key within an inline table or an array has the line where that begins. None when nothing is found.
    Good enough for a message: text that looks like a key within a multi-line string is taken for one.
    """
    wanted = list(path)
    found, depth = None, 0
    table: list[str | int] = []
    counts: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _table(header, counts)
            here = table
        else:
            key = _KEY.match(line)
            if key is None:
                continue
            here = [*table, *_names(key[1])]
        if wanted[: len(here)] == here and len(here) > depth:
            found, depth = number, len(here)
    return found


def dotted(path: Path) -> str:
    """`path` as people write it: `columns.price.min`, `conditions[1].sql` (counted from 1)."""
    words = ""
    for step in path:
        if isinstance(step, int):
            words += f"[{step + 1}]"
        else:
            words += f".{step}" if words else step
    return words


def _table(header: re.Match[str], counts: dict[tuple[str | int, ...], int]) -> list[str | int]:
    names = _names(header[2])
    if header[1] == "[[":
        position = counts.get(tuple(names), -1) + 1
        counts[tuple(names)] = position
        return [*names, position]
    return names


def _names(key: str) -> list[str | int]:
    """The parts of a dotted key, unquoted."""
    try:
        tree = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return [key]
    names: list[str | int] = []
    node: Any = tree
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        names.append(name)
    return names
