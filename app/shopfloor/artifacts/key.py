"""The workspace's signing key."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from shopfloor.domain.errors import IntegrityError
from shopfloor.workspace.durable import write_new

KEY_BYTES = 32


def load_or_create_key(path: Path) -> bytes:
    """The 32 secret bytes that sign this workspace's artifacts, made on first use (mode 0600).

    Processes that race agree on one key: the key is written under a temporary name and linked into place, so no
    reader sees half of it. Raises `IntegrityError` when the file is not a private, whole key.
    """
    try:
        return load_key(path)
    except FileNotFoundError:
        _create(path)
        return load_key(path)


def load_key(path: Path) -> bytes:
    """A key that is there. Raises `FileNotFoundError`, and `IntegrityError` as `load_or_create_key`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise IntegrityError(
            f"The signing key {path} is a link, which is never followed.",
            hint="Put the key file itself there.",
            code="key_link",
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        key = file.read(KEY_BYTES + 1)
    if mode & 0o077:
        raise IntegrityError(
            f"The signing key {path} can be read by others (mode {mode:04o}).",
            hint=f"Run: chmod 600 {path}. If others had access, replace the key and retrain.",
            code="key_not_private",
        )
    if len(key) != KEY_BYTES:
        raise IntegrityError(
            f"The signing key {path} has {len(key)} bytes instead of {KEY_BYTES}.",
            hint="Restore it from a backup; models signed with a lost key must be trained again.",
            code="key_damaged",
        )
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    write_new(temporary, os.urandom(KEY_BYTES))
    try:
        try:
            os.link(temporary, path)  # fails when another process was first: then its key counts
        except FileExistsError:
            pass
    finally:
        os.unlink(temporary)
