"""The rights of a team: what the group of `team.group` may do with the workspace's folders and files.

Everything is the owner's alone without a group. With one, members may read the team's text and the outbox, put files
into the drop folders (and take away only their own), and reach the engine's socket; what the engine keeps stays
closed. A shared folder carries the setgid bit, so that what is made in it gets the group.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from shopfloor.workspace import accounts
from shopfloor.workspace.layout import Layout

_DROP = 0o3770  # sticky: one takes away only one's own
_READ = 0o2750
_PASS = 0o710
_OWN = 0o700


def share(layout: Layout, group: int | None) -> None:
    """Give `group` (a number) its rights, or with None take them away. The same again changes nothing.

    What a folder holds comes before its own rights, so that a second call ends what a killed one began.
    Raises `OSError` where this user may not do that.
    """
    if group is None and not is_shared(layout):
        return
    for folder in (layout.inbox, layout.score, layout.actuals):
        _share_tree(folder, group, _DROP)
    for folder in (layout.datasets, layout.models, layout.recipes, layout.outbox):
        _share_tree(folder, group, _READ)
    for file in (layout.settings, layout.stop_mark):
        _set(file, group, 0o640 if group is not None else 0o600)
    _set(layout.root, group, _root_mode(layout.root, group))
    share_socket(layout, group)
    for folder in (layout.run, layout.private):  # last: it is what `is_shared` looks at
        _set(folder, group, _PASS if group is not None else _OWN)


def share_socket(layout: Layout, group: int | None) -> None:
    """Whether the group may speak to the engine."""
    _set(layout.socket, group, 0o660 if group is not None else 0o600)


def is_shared(layout: Layout) -> bool:
    """Whether a group has rights."""
    try:
        return bool(layout.private.lstat().st_mode & stat.S_IXGRP)
    except FileNotFoundError:
        return False


def group_of(layout: Layout) -> str:
    """The name of the group that has rights; empty without one."""
    return accounts.group_name(layout.private.stat().st_gid) if is_shared(layout) else ""


def _share_tree(folder: Path, group: int | None, mode: int) -> None:
    """Rights of a folder and of those below it, and of the files that members read.

    Only what is this user's: members make folders of their own, and could put a link in their place meanwhile.
    """
    wanted = mode if group is not None else _OWN
    if not _is_own_folder(folder):
        return
    with os.scandir(folder) as entries:
        inner = list(entries)
    for entry in inner:
        if entry.is_dir(follow_symlinks=False):
            _share_tree(Path(entry.path), group, mode)
    if mode == _READ and not _has(folder.lstat(), group, wanted):
        for entry in inner:
            if entry.is_file(follow_symlinks=False):
                _set(Path(entry.path), group, 0o640 if group is not None else 0o600)
    _set(folder, group, wanted)


def _is_own_folder(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _root_mode(root: Path, group: int | None) -> int:
    """The root is the team's own folder: others keep the rights that they have there."""
    mode = stat.S_IMODE(root.stat().st_mode)
    theirs = 0o050 if group is not None else (mode & 0o005) << 3
    return mode & ~0o070 | theirs


def _has(status: os.stat_result, group: int | None, mode: int) -> bool:
    return stat.S_IMODE(status.st_mode) == mode and status.st_gid == _gid(group)


def _gid(group: int | None) -> int:
    return os.getegid() if group is None else group


def _set(path: Path, group: int | None, mode: int) -> None:
    """The group and the mode of a file or folder, if there is one; a link is not followed."""
    try:
        handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        status = os.fstat(handle)
        if stat.S_ISLNK(status.st_mode) or _has(status, group, mode):
            return
        place = f"/proc/self/fd/{handle}"  # neither a socket nor a handle that is only a place can be asked directly
        if status.st_gid != _gid(group):
            os.chown(place, -1, _gid(group))
        os.chmod(place, mode)
    finally:
        os.close(handle)
