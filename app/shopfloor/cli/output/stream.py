"""Where output goes: data to stdout, narration to stderr, and both survive a closed pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from shopfloor.domain.text import safe

_BEYOND = re.compile("[\x7f-\U0010ffff]")


class OutputClosed(Exception):
    """The reader of stdout went away (`| head`); there is nobody left to tell."""


def data(text: str) -> None:
    """Write lines of text to stdout. Nothing that a terminal would act on gets through."""
    _write(sys.stdout, _safe_lines(text) + "\n")


def table_bytes(lines: Iterable[bytes]) -> None:
    """Write a file for another program to stdout, unchanged; to a terminal, its lines made safe."""
    for line in lines:
        if sys.stdout.isatty():
            data(line.decode(errors="surrogateescape").rstrip("\r\n"))
        else:
            _write_bytes(line)


def document(value: object) -> None:
    """Write one JSON document to stdout: indented for a person, on one line for a pipe.

    Keys stay in their order: for rows of a table it is that of its columns.
    """
    import msgspec

    encoded = msgspec.json.encode(value)
    if sys.stdout.isatty():
        encoded = msgspec.json.format(encoded, indent=2)
    _write_bytes(_visible(encoded.decode()).encode() + b"\n")


def line(value: object) -> None:
    """Write one JSON object on one line, for a stream of them."""
    from shopfloor.domain.codec import to_text

    _write_bytes(_visible(to_text(value)).encode() + b"\n")


def narrate(text: str) -> None:
    """Write a line to stderr, for the person and not for the pipe."""
    try:
        _write(sys.stderr, _safe_lines(text) + "\n")
        sys.stderr.flush()
    except (OSError, OutputClosed):
        pass  # a message that cannot be written is no failure


def narrate_any(text: str) -> None:
    """Narrate where there is something to say."""
    if text:
        narrate(text)


def narrate_document(value: object) -> None:
    """Write one JSON document to stderr, on one line."""
    from shopfloor.domain.codec import to_text

    narrate(_visible(to_text(value)))


def terminal_width() -> int | None:
    """Columns that text must fit into; None when stdout is not a terminal, so nothing is cut."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return max(int(os.environ["COLUMNS"]), 20)
    if not sys.stdout.isatty():
        return None
    try:
        size = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        size = 0
    return max(size, 20) if size else 80  # a terminal that does not know its size says 0


def flush() -> None:
    """Push stdout out while a closed pipe can still be handled."""
    try:
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise OutputClosed from error


def abandon() -> None:
    """Point stdout at nothing, so that the interpreter's own last flush stays silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _safe_lines(text: str) -> str:
    return "\n".join(safe(line) for line in text.split("\n"))


def _visible(json_text: str) -> str:
    """The same document with nothing in it that a terminal would act on: such characters escaped."""
    return json_text if json_text.isascii() else _BEYOND.sub(_escape, json_text)


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    if safe(char) == char:
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode("ascii", "backslashreplace").decode())
    except BrokenPipeError as error:
        raise OutputClosed from error


def _write_bytes(content: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    except BrokenPipeError as error:
        raise OutputClosed from error
