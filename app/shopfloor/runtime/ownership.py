"""One owner a workspace, by a lock that ends with its process."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.text import safe

_LOOK_SECONDS = 0.001


class Ownership:
    """An exclusive `flock` on `owner.lock`, held for the life of the process."""

    def __init__(self, lock: Path, handle: int) -> None:
        self._lock = lock
        self._handle = handle

    @classmethod
    def take(cls, lock: Path) -> Ownership:
        """Become the owner; raises `RefusedError` naming the process that is."""
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(handle):
            holder = _describe_holder(os.pread(handle, 200, 0))
            os.close(handle)
            raise RefusedError(
                f"Another engine owns this workspace ({holder}).",
                hint="Use it, or stop it first: shopfloor down",
                code="owned",
            )
        owner = cls(lock, handle)
        owner.sign(None)
        return owner

    def sign(self, epoch: int | None) -> None:
        """Write who the owner is, for people and for error messages; None while the store is not open yet."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps({"pid": os.getpid(), "epoch": epoch}).encode() + b"\n", 0)

    def displaced(self) -> str:
        """Why the workspace is not the owner's any more, in a sentence; empty while it is.

        Whoever comes to where it lies now finds no lock, or one that a process with other paths holds.
        """
        root = self._lock.parents[2]
        try:
            if os.path.samestat(os.stat(self._lock), os.fstat(self._handle)):
                return ""
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError:  # it cannot be looked at now
            return ""
        now = Path(os.readlink(f"/proc/self/fd/{self._handle}"))
        if now.name.endswith(" (deleted)"):
            return f"The workspace {safe(root, 200)}, or its lock, was deleted."
        return f"The workspace {safe(root, 200)} was moved to {safe(now.parents[2], 200)}."

    def release(self) -> None:
        """Give the workspace up."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def _locked(handle: int) -> bool:
    """Take the lock, unless an owner has it. Who only looks for an owner has a share of it for a moment."""
    while not _flocked(handle, fcntl.LOCK_EX):
        if not _flocked(handle, fcntl.LOCK_SH):
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        time.sleep(_LOOK_SECONDS)
    return True


def _flocked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _describe_holder(signature: bytes) -> str:
    """Who the owner says it is; nothing is written in the moment in which it takes the lock."""
    try:
        return f"process {int(json.loads(signature)['pid'])}"
    except (ValueError, KeyError, TypeError):
        return "starting"
