"""The JSON of a request's body: what every protocol that speaks it refuses, and in which words."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.text import safe
from shopfloor.formats.json_fault import keys_at_most, repeated_key, why_not_json
from shopfloor.serving.problems import Problem

_DEPTH = 4  # levels of a body of rows: the object, its rows, a row, a value


def decode(body: bytes, hint: str) -> Any:
    """The document of a body. Raises `Problem` for one that is no JSON, whose `hint` says what to send, or where an
    object has a key twice."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "malformed_json", f"The body is not JSON: {why_not_json(body)}.", hint) from None
    if keys_at_most(body) != _keys(document, _DEPTH) and (name := repeated_key(body)) is not None:
        raise Problem(422, "repeated_key", f"An object has the key '{safe(name, 80)}' twice.", "Send it once.")
    return document


def _keys(value: Any, depth: int) -> int:
    if type(value) is dict:
        return len(value) + sum(_keys(one, depth - 1) for one in value.values() if depth and type(one) in {dict, list})
    return sum(_keys(one, depth - 1) for one in value) if type(value) is list and depth else 0
