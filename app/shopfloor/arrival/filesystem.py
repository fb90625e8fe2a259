"""Which file systems lie on other machines."""

from __future__ import annotations

import os
from pathlib import Path

# Here changes made elsewhere are seen late, and leases and inotify say nothing about them.
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs"})


def network_devices(mountinfo: Path = Path("/proc/self/mountinfo")) -> frozenset[int]:
    """`st_dev` of every mounted network or FUSE file system (drop-folder.md §2.9).

    Asked by device and not by path, a mount below a drop folder is found too. Empty when the mount
    table cannot be read.
    """
    try:
        lines = mountinfo.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return frozenset()
    return frozenset(device for line in lines if (device := _remote(line)) is not None)


def _remote(line: str) -> int | None:
    """The device of one line of the mount table, if it is a remote one."""
    fields, _, rest = line.partition(" - ")
    kind = rest.split(" ", 1)[0]
    if kind not in _REMOTE and not kind.startswith("fuse"):
        return None
    major, _, minor = fields.split(" ")[2].partition(":")
    return os.makedev(int(major), int(minor))
