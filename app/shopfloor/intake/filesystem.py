"""What kind of file system a path lies on."""

from __future__ import annotations

from pathlib import Path

# Here changes made elsewhere are seen late, and leases and inotify say nothing about them.
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs"})


def is_network(path: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> bool:
    """True when `path` lies on a network or FUSE file system (drop-folder.md §2.9).

    False also when the mount table cannot be read.
    """
    kind = _kind(path.resolve(), mountinfo)
    return kind in _REMOTE or kind.startswith("fuse")


def _kind(path: Path, mountinfo: Path) -> str:
    """The file system type of the innermost mount that holds `path`."""
    try:
        lines = mountinfo.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = _unescape(fields.split(" ")[4])
        # A later mount on the same point hides the earlier one, hence >=.
        if len(point) >= best and path.is_relative_to(point):
            best, kind = len(point), rest.split(" ", 1)[0]
    return kind


def _unescape(field: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, char)
    return field
