"""What keeps the engine from using a folder of the workspace, in the same sentence everywhere."""

from __future__ import annotations

import errno
import os
import resource
import stat
from pathlib import Path

from shopfloor.domain.errors import RefusedError, ShopfloorError, StoreError
from shopfloor.domain.text import safe
from shopfloor.workspace.accounts import own_name, user_name

FOLDER, READ_ONLY, OPEN_FILES = "folder", "read_only", "open_files"
REFUSED_BY_SYSTEM = frozenset({FOLDER, READ_ONLY, OPEN_FILES})
"""Codes of errors that are nobody's fault but the machine's or its owner's: what met them may be tried again."""
READ = "read"
_RIGHTS = {errno.EACCES, errno.EPERM, errno.EROFS}
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
TOO_MANY_OPEN = frozenset({errno.EMFILE, errno.ENFILE})
REFUSALS = DISK_FULL | TOO_MANY_OPEN | _RIGHTS | {errno.EIO, errno.ENOTDIR}
"""What the system says where the machine or its owner is to blame, and not this program."""


class FolderError(RefusedError):
    """A folder cannot be used as it must be; the message names it, the hint says what to do."""

    default_code = FOLDER


def fault(folder: Path, root: Path, *, write: bool = True) -> FolderError | None:
    """Why the engine cannot use `folder` of the workspace at `root`; None where it can, or where there is none.

    Looked at by the effective user, and never through a link. `write`: new files are put there, or taken
    away from there.
    """
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return _error(error, folder, root)
    shown = _shown(folder, root)
    if stat.S_ISLNK(status.st_mode):
        return linked(shown)
    if not stat.S_ISDIR(status.st_mode):
        return FolderError(f"{shown} is not a folder.", hint=f"Move it away and create the folder: mkdir {shown}")
    if not _may(folder, os.R_OK | os.X_OK):
        return denied(status.st_uid, shown, READ)
    if write and not _may(folder, os.W_OK):
        return read_only(folder, root) or denied(status.st_uid, shown, "written")
    return None


def linked(shown: str) -> FolderError:
    """The folder `shown`, relative to the workspace, is a symbolic link."""
    return FolderError(
        f"{shown} is a symbolic link, and links are not followed: they could lead out of the workspace.",
        hint=f"Make {shown} a folder of its own, or mount the other one there (mount --bind).",
    )


def blame(error: OSError, root: Path) -> ShopfloorError:
    """What the operating system refused, as an error for people: which path or folder, why, what to do."""
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if error.errno in DISK_FULL:
        return StoreError(
            "The disk is full.", hint="Free some disk space; work then resumes automatically.", code="disk_full"
        )
    if error.errno in TOO_MANY_OPEN:
        return StoreError(
            f"Too many files are open at once; the limit of this process is {_open_limit()}.",
            hint="Raise the limit where it is started, for example: ulimit -n 4096",
            code=OPEN_FILES,
        )
    if error.errno in {errno.EEXIST, errno.ENOTDIR} and path is not None:
        return fault(path, root) or _error(error, path, root)
    if error.errno in _RIGHTS and path is not None:
        folder = (
            path if os.path.isdir(path) and not os.path.islink(path) else path.parent
        )  # what cannot be seen is neither
        return fault(folder, root) or _error(error, path, root)
    return _error(error, path, root)


def _open_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _may(folder: Path, mode: int) -> bool:
    # access(2) asks for the real user; an engine that was started with another one must ask for that.
    return os.access(folder, mode, effective_ids=os.access in os.supports_effective_ids)


def read_only(folder: Path, root: Path) -> FolderError | None:
    """That nothing can be written to `folder` because its file system is mounted so; None where it is not."""
    if not os.statvfs(folder).f_flag & os.ST_RDONLY:
        return None
    where = "the workspace" if folder.is_relative_to(root / ".shopfloor") else _shown(folder, root)
    return FolderError(
        f"The file system of {where} is mounted read-only.",
        hint="Mount it for writing again; what waits for it then goes on.",
        code=READ_ONLY,
    )


def denied(uid: int, shown: str, what: str) -> FolderError:
    """The folder `shown`, which belongs to user `uid`, cannot be `what` (read, written) by this user."""
    me, owner = own_name(), user_name(uid)
    right = f"chmod u+rwx {shown}" if me == owner else f"sudo chown {me} {shown}, or as {owner}: chmod g+rwx {shown}"
    whose = "" if me == owner else f"belongs to {owner} and "
    return FolderError(
        f"{shown} {whose}cannot be {what} by {me}, who runs Shopfloor.",
        hint=f"Let {me} read and write it, for example: {right}",
    )


def _error(error: OSError, path: Path | None, root: Path) -> FolderError:
    shown = _shown(path, root) if path is not None else "A file"
    return FolderError(
        f"{shown} cannot be used: {error.strerror or error}.",
        hint="Check it with ls -ld and correct it; work then resumes automatically.",
    )


def _shown(path: Path, root: Path) -> str:
    return safe(path.relative_to(root) if path.is_relative_to(root) else path, 160)
