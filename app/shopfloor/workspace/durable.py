"""Making bytes and directory entries last."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20


def write_new(path: Path, data: bytes | BinaryIO, mode: int = 0o600) -> None:
    """Create `path`, which must not exist, with `data` and make its bytes durable.

    In a folder that a team shares, the group may read what by its `mode` it may, whatever the umask.
    The name itself lasts once its directory is synced, or the file renamed and then the directory synced.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        if isinstance(data, bytes):
            file.write(data)
        else:
            shutil.copyfileobj(data, file, _CHUNK)
        if mode & stat.S_IRGRP and is_shared(path.parent):
            os.fchmod(file.fileno(), 0o640)
        file.flush()
        os.fsync(file.fileno())


def is_shared(folder: Path) -> bool:
    """Whether what is made in the folder belongs to its group: the mark of a folder that a team shares."""
    return bool(folder.stat().st_mode & stat.S_ISGID)


def make_folder(path: Path) -> None:
    """Create a folder, and those above it; one in a folder that a team shares is shared like it.

    Nobody but the owner of that folder makes it sticky, or the owner could not take files away from it.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    above = path.parent.stat()
    if above.st_mode & stat.S_ISGID:
        path.chmod(stat.S_IMODE(above.st_mode) & ~(0 if above.st_uid == os.geteuid() else stat.S_ISVTX))


def append(path: Path, data: bytes) -> None:
    """Add `data` to the end of an existing file and make it durable."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`: the kernel may take less at once, and a full disk shows at the next call only."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def replace_file(path: Path, data: bytes | BinaryIO, mode: int = 0o600) -> None:
    """Write `data` to `path` so that a reader sees the old bytes or the new ones, never a mixture.

    Durable when it returns. The temporary file lies beside the target and starts with a dot.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(6).hex()}.tmp")
    try:
        write_new(temporary, data, mode)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    fsync_directory(path.parent)


def move_file(source: Path, target: Path, mode: int | None = None) -> None:
    """Rename `source` to `target`, or copy it durably where that is another file system.

    `mode` is the target's; without it the source's stays. A crash in between leaves the source, or both.
    """
    if mode is not None:
        os.chmod(source, mode)
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.part")
        shutil.copy2(source, beside)
        fsync_file(beside)
        os.replace(beside, target)
        fsync_directory(target.parent)
        os.unlink(source)


def fsync_file(path: Path) -> None:
    """Make the bytes of a finished file durable."""
    _fsync(path, 0)


def fsync_directory(path: Path) -> None:
    """Make the entries of a directory durable."""
    _fsync(path, os.O_DIRECTORY)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_regular(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file of at most `limit` bytes; None when there is no such file.

    Links, pipes and devices are not followed or waited for.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(os.dup(descriptor), "rb") as file:
            data = file.read(limit + 1)
    finally:
        os.close(descriptor)
    return data if len(data) <= limit else None
