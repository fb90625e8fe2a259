"""Who asks: the user at the other end of the socket, as the kernel knows it."""

from __future__ import annotations

import array
import os
import socket
import struct
from dataclasses import dataclass
from functools import cached_property

from shopfloor.workspace import accounts

_CREDENTIALS = "3i"  # pid, uid, gid
_SO_PEERGROUPS = 59  # the kernel's number; `socket` has no name for it
_MOST = 1024  # bytes that Python asks for at most


@dataclass(frozen=True)
class Peer:
    """A user with its groups, at the moment of the connection."""

    uid: int
    groups: frozenset[int]

    @cached_property
    def name(self) -> str:
        """The name that the history keeps."""
        return accounts.user_name(self.uid)

    @property
    def is_owner(self) -> bool:
        """Whether it is the engine's own user, or root, who may do what that user may."""
        return self.uid in {os.geteuid(), accounts.ROOT}


def own_peer() -> Peer:
    """This process, for what the engine asks itself."""
    return Peer(os.geteuid(), accounts.own_groups())


def peer_of(connection: socket.socket) -> Peer:
    """The process that opened the connection."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_CREDENTIALS))
    _, uid, gid = struct.unpack(_CREDENTIALS, credentials)
    try:
        groups = array.array("I", connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST))
    except OSError:  # more than 256 groups, or a kernel before 4.13
        return Peer(uid, accounts.listed_groups(uid) | {gid})
    return Peer(uid, frozenset((gid, *groups)))
