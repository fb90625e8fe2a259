"""Files that another user hands to the engine, or takes from it.

The engine would open a path with its owner's rights, and show a member of the team what that member may not read. So
a member's client reads and writes files itself; between it and the engine they have names like
`handed:01j…/rows.csv`, which stand where a path would stand in a request.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from shopfloor.domain.wire import PREFIX

_SCHEME = "handed:"
_HANDLE = re.compile(r"handed:([0-9a-z]{26})/([^/\0]{1,200})", re.DOTALL)


def handle(id: str, name: str) -> str:
    """What names the file in a request; `id` is a ulid of its own."""
    return f"{_SCHEME}{id}/{name}"


def parts(handle: str) -> tuple[str, str] | None:
    """Its id and its name; None for anything else, such as a path."""
    found = _HANDLE.fullmatch(handle)
    if found is None or found[2].startswith("."):
        return None
    return found[1], found[2]


def url(handle: str) -> str:
    """Where its bytes are put (PUT), taken (GET) and forgotten (DELETE)."""
    return f"{PREFIX}handed/{quote(handle, safe='')}"


def from_url(text: str) -> str:
    """The handle of an address."""
    return unquote(text)


def part_url(sha256: str) -> str:
    """Where the bytes of a part are taken."""
    return f"{PREFIX}parts/{sha256}"
