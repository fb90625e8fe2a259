"""Which `Host` headers are answered: the wall against DNS rebinding.

A web page on a foreign name that resolves to this machine still sends its own name as host.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

LOCAL = ("localhost", "127.0.0.1", "::1")


class HostRule:
    """Host names that requests may use. Any address may, once the server listens beyond loopback: an
    address cannot be rebound."""

    def __init__(self, bound: str, allowed: Iterable[str] = ()) -> None:
        self._names = {name.lower().rstrip(".") for name in (*LOCAL, bound, *allowed)}
        self._addresses = not is_loopback(bound)

    def allows(self, header: str) -> bool:
        """True when `header`, a whole `Host` value, names this server."""
        host = host_of(header)
        return host in self._names or (self._addresses and _is_address(host))


def host_of(header: str) -> str:
    """The host of `host[:port]` in lower case; an empty text for anything malformed."""
    text = header.strip().lower()
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not (port.startswith(":") and port[1:].isdecimal())):
            return ""
        return host
    host, colon, port = text.partition(":")
    if colon and not port.isdecimal():
        return ""
    return host.rstrip(".")


def is_loopback(host: str) -> bool:
    """True for `localhost` and loopback addresses."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
