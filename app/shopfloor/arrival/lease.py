"""Whether anyone still has a file open for writing, by a kernel lease."""

from __future__ import annotations

import fcntl
import os
from enum import StrEnum

from shopfloor.arrival.claim import open_below


class Lease(StrEnum):
    """`free`: nobody writes. `writer`: somebody has it open for writing. `unknown`: cannot ask."""

    FREE = "free"
    WRITER = "writer"
    UNKNOWN = "unknown"


def probe(descriptor: int) -> Lease:
    """Ask with a read lease on a descriptor that is open for reading only.

    `F_SETLEASE(F_RDLCK)` fails with EAGAIN while a writer lives, on local file systems and for
    the file's owner (or CAP_LEASE); see fcntl(2). The lease is given back at once.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return Lease.WRITER
    except OSError:  # EACCES, EINVAL, ENOLCK: not ours, or not such a file system
        return Lease.UNKNOWN
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        pass  # closing the descriptor gives it back too
    return Lease.FREE


def probe_path(root: int, path: str) -> Lease:
    """`probe` for `path` below the directory descriptor `root`; unknown when it cannot be opened."""
    try:
        descriptor = open_below(root, path)
    except OSError:
        return Lease.UNKNOWN
    try:
        return probe(descriptor)
    finally:
        os.close(descriptor)
