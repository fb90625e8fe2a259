"""Taking a delivered file out of its drop folder without ever touching another that replaced it."""

from __future__ import annotations

import os
from pathlib import Path

from shopfloor.domain.failpoint import reach
from shopfloor.store.files import Identity
from shopfloor.workspace.durable import move_file

_PREFIX = ".shopfloor-aside-"


def take_away(path: Path, identity: Identity) -> Path | None:
    """Rename a delivered file to a name that scans ignore; None when it is not there any more.

    Between a check of a path and its removal somebody may put the next delivery there. So the file is checked
    after the rename, and what is not the claimed one is renamed back. After a kill in between, the next call
    finds the renamed file.
    """
    renamed = path.with_name(f"{_PREFIX}{identity.ino:x}-{identity.mtime_ns:x}")
    if not os.path.lexists(renamed):
        if not is_same(path, identity):
            return None
        try:
            os.rename(path, renamed)
        except FileNotFoundError:
            return None
        reach("intake.aside")
    if is_same(renamed, identity):
        return renamed
    _put_back(renamed, path)
    return None


def identity_in_name(name: str) -> tuple[int, int] | None:
    """The inode and time of change of the file for whose removal an entry of this name was made, if it is one."""
    if not name.startswith(_PREFIX):
        return None
    ino, _, mtime_ns = name.removeprefix(_PREFIX).partition("-")
    try:
        return int(ino, 16), int(mtime_ns, 16)
    except ValueError:
        return None


def is_same(path: Path, identity: Identity) -> bool:
    """True while the file at `path` is the one that was claimed."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) == (
        identity.dev,
        identity.ino,
        identity.size,
        identity.mtime_ns,
    )


def move(source: Path, target: Path) -> None:
    """Move a file; nothing where it is gone already."""
    try:
        move_file(source, target)
    except FileNotFoundError:
        return


def _put_back(renamed: Path, path: Path) -> None:
    """Give a delivery its name again; if that was taken meanwhile, a free one beside it."""
    stem, dot, endings = path.name.partition(".")
    names = [path.name, *(f"{stem}-{number}{dot}{endings}" for number in range(1, 100))]
    for name in names:
        try:
            os.link(renamed, path.with_name(name), follow_symlinks=False)  # unlike a rename, it replaces nothing
        except FileExistsError:
            continue
        except PermissionError:  # the kernel lets nobody link another user's file
            if os.path.lexists(path.with_name(name)):
                continue
            os.rename(renamed, path.with_name(name))
            return
        os.unlink(renamed)
        return
