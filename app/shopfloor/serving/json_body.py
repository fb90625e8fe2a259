"""The JSON of a request's body: what every protocol that speaks it refuses, and in which words."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.text import safe
from shopfloor.formats.json_fault import keys_at_most, repeated_key, why_not_json
from shopfloor.serving.problems import Problem


def decode(body: bytes, hint: str) -> Any:
    """The document of a body. Raises `Problem` for one that is no JSON, whose `hint` says what to send, or where an
    object has a key twice."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "malformed_json", f"The body is not JSON: {why_not_json(body)}.", hint) from None
    if keys_at_most(body) != _keys(document) and (name := repeated_key(body)) is not None:
        raise Problem(422, "repeated_key", f"An object has the key '{safe(name, 80)}' twice.", "Send it once.")
    return document


def _keys(document: Any) -> int:
    """The keys of a body as protocols have it: an object or an array, of rows or arrays of rows, of plain values."""
    found = len(document) if type(document) is dict else 0
    for value in document.values() if found else document if type(document) is list else ():
        if type(value) is dict:
            found += len(value)
        elif type(value) is list:
            found += sum(len(row) for row in value if type(row) is dict)
    return found
