"""What is wrong with JSON that cannot be read, in our own words: those of decoders differ from release to release."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from shopfloor.domain.numbers import count

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TOO_DEEP = "it is nested too deeply"
_SAID = {
    "Extra data": "something follows its end",
    "Expecting property name": "a name in double quotes is missing",
    "Illegal trailing comma": "a comma stands before the end",
    "Expecting ':'": "a colon is missing",
    "Expecting ','": "a comma or the end is missing",
    "Expecting value": "a value is missing",
    "Unterminated string": "a text has no end",
    "Invalid control character": "a text holds a control character, which is written as \\u and four digits",
    "Invalid \\": "there is no such escape",
}


_HALF = "a text holds half of a surrogate pair"
_TOO_LARGE = "a number is too large"


class _Constant(Exception):
    """NaN, Infinity or -Infinity, which Python reads."""


def why_not_json(data: bytes) -> str:
    """Why a decoder refused `data`, as the end of a sentence: `it is empty`."""
    if not data.strip():
        return "it is empty"
    if data.startswith(_MARKS) or b"\0" in data[:4]:
        return "it is not plain UTF-8 without a byte order mark"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} is not UTF-8"
    try:
        json.loads(text, parse_constant=_refuse, parse_int=len)  # Python reads only 4,300 digits
    except _Constant:
        return "NaN and infinity are no JSON; null stands for an unknown value"
    except json.JSONDecodeError as error:
        return _syntax(error)
    except RecursionError:
        return _TOO_DEEP
    if _SURROGATE.search(data):
        return _HALF
    return _TOO_LARGE


def line_fault(line: bytes) -> str:
    """What is wrong with a line of JSON that DuckDB refused, and at which character; empty where that is not known.

    Unlike a row of a request it may hold NaN and infinity, which DuckDB reads.
    """
    try:
        found = json.loads(line.rstrip())
    except (ValueError, RecursionError) as error:
        at = f" (character {count(error.pos + 1)})" if isinstance(error, json.JSONDecodeError) else ""
        return f"{entry_fault(error)}{at}"
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _HALF
    return ""


def entry_fault(error: ValueError | RecursionError) -> str:
    """What Python's decoder found wrong, without the place."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return "a byte is not UTF-8"
    if not isinstance(error, json.JSONDecodeError):
        return _TOO_LARGE  # Python reads only 4,300 digits
    return next((said for foreign, said in _SAID.items() if error.msg.startswith(foreign)), "it is malformed")


def keys_at_most(data: bytes) -> int:
    """At least as many as the keys of all objects in `data`, and quickly counted; more where texts look like keys."""
    return data.translate(None, b" \t\r\n").count(b'":')


def repeated_key(data: bytes) -> str | None:
    """A key that one of the objects has twice. Decoders keep the last value, DuckDB refuses the file."""
    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        twice.extend(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        return {}

    try:
        json.loads(data, object_pairs_hook=look, parse_int=len)
    except (ValueError, RecursionError):
        return None
    return twice[0] if twice else None


def _refuse(constant: str) -> NoReturn:
    raise _Constant


def _syntax(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()):
        return "it ends too early"
    return f"{entry_fault(error)} (line {error.lineno}, column {error.colno})"
